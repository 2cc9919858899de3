package archtest

import "strings"

// place is what kind of package something is.
type place string

const (
	vocabulary    place = "vocabulary" // wire, clock: what both trees share
	clientRule    place = "client rule"
	clientAdapter place = "client adapter"
	clientFront   place = "client front"
	centerFront   place = "center front" // the list of doors, and what hands it out
	door          place = "door"
	doorFrame     place = "door frame" // HTTP that several doors share
	centerRule    place = "center rule"
	centerAdapter place = "center adapter"
	testHelp      place = "test help"
	program       place = "program"
)

// places says what each package is: the first line whose path is the package's, or is above it, counts.
// A package main is a program wherever it stands.
func places() []placed {
	return []placed{
		{"internal/wire", vocabulary},
		{"internal/clock", vocabulary},

		{"internal/awsconfig", clientRule},
		{"internal/signin", clientRule},
		{"internal/session", clientRule},
		{"internal/access", clientRule},
		{"internal/prompt", clientRule},
		{"internal/wizard", clientRule},
		{"internal/lint", clientRule},
		{"internal/credentials", clientRule},
		{"internal/output", clientRule},
		{"internal/query", clientRule},
		{"internal/paging", clientRule},
		{"internal/handover", clientRule},
		{"internal/shellquote", clientRule},
		{"internal/commandline", clientRule},
		{"internal/ssoapi", clientAdapter},
		{"internal/cache", clientAdapter},
		{"internal/configfile", clientAdapter},
		{"internal/credprocess", clientAdapter},
		{"internal/pager", clientAdapter},
		{"internal/childprocess", clientAdapter},
		{"internal/metadata", clientAdapter},
		{"internal/browser", clientAdapter},
		{"internal/loopback", clientAdapter},
		{"internal/terminal", clientAdapter},
		{"internal/keychain", clientAdapter},
		{"internal/fastpath", clientFront},
		{"internal/sources", clientFront}, // makes adapters for the command and for the public package
		{"internal/cli", clientFront},

		{"internal/center/oidc", door},
		{"internal/center/portal", door},
		{"internal/center/sts", door},
		{"internal/center/admin", door},
		{"internal/center/web", door},
		{"internal/center/control", door},
		{"internal/center/restjson", doorFrame},
		{"internal/center/store/storetest", testHelp},
		{"internal/center/granttest", testHelp},
		{"internal/center/store/postgres/pgtest", testHelp},
		{"internal/center/store/sqlite", centerAdapter},
		{"internal/center/store/postgres", centerAdapter},
		{"internal/center/keyring", centerAdapter}, // the file of keys
		{"internal/center/jwksfetch", centerAdapter},
		{"internal/center/metrics", centerAdapter}, // Prometheus
		{"internal/center/labca", centerAdapter},   // files of certificates
		{"internal/center/doctor", centerAdapter},  // another center, over HTTP
		{"internal/center", centerRule},            // whatever else is below it; itself is in centerOwn
		{"centertest", centerFront},

		{"attacks", testHelp},
		{"internal/person", testHelp},
		{"internal/scriptedaws", testHelp},
		{"internal/scriptedsts", testHelp},
		{"internal/archtest", testHelp},
		{"internal/manual", testHelp}, // and of what generates
	}
}

type placed struct {
	path  string
	place place
}

// centerOwn is the package that lists the doors. Only the packages below it are rules.
const centerOwn = "internal/center"

func placeOf(path, name string) (place, bool) {
	switch {
	case name == "main":
		return program, true
	case path == centerOwn:
		return centerFront, true
	}
	for _, p := range places() {
		if path == p.path || strings.HasPrefix(path, p.path+"/") {
			return p.place, true
		}
	}
	return "", false
}

func inClient(p place) bool { return p == clientRule || p == clientAdapter || p == clientFront }
func inCenter(p place) bool {
	return p == door || p == doorFrame || p == centerRule || p == centerAdapter || p == centerFront
}
func isRule(p place) bool { return p == clientRule || p == centerRule }

// importRule bans imports between packages of this module, in code that is not a test.
type importRule struct {
	why    string
	banned func(from, to unit) bool
}

func importRules() []importRule {
	return []importRule{
		{
			"the client and the center are each other's judge: what they share they cannot find wrong in each other; they meet in wire and clock only",
			func(from, to unit) bool {
				return inClient(from.place) && inCenter(to.place) || inCenter(from.place) && inClient(to.place)
			},
		},
		{
			"wire and clock are used by everybody, so whatever they imported everybody would",
			func(from, _ unit) bool { return from.place == vocabulary },
		},
		{
			"a door decodes, calls a rule and encodes; what two doors have in common is a rule or a frame",
			func(from, to unit) bool {
				return from.place == door && to.place == door && doorName(from) != doorName(to)
			},
		},
		{
			"rules never see a door, a frame or an adapter: they are called, and ask through ports of their own",
			func(from, to unit) bool {
				if !isRule(from.place) {
					return false
				}
				switch to.place {
				case door, doorFrame, clientAdapter, clientFront, centerFront:
					return true
				case centerAdapter:
					return to.path != "internal/center/keyring" // keys in memory; it reads its file before anything else runs
				}
				return false
			},
		},
		{
			"adapters do not know one another, nor what calls them: each is one outside thing",
			func(from, to unit) bool {
				return from.place == clientAdapter && (to.place == clientAdapter || to.place == clientFront) ||
					from.place == centerAdapter && (to.place == centerAdapter || to.place == door || to.place == centerFront)
			},
		},
		{
			"only the build files make adapters, so that a command is tested with ports; errors.go knows their errors' types, which it gives advice for",
			func(from, to unit) bool {
				return from.path == "internal/cli" && to.place == clientAdapter && !strings.HasPrefix(from.file, "build") && from.file != "errors.go"
			},
		},
		{
			"cmd/keyfob is the fast path and cli.Main; nothing of the center is linked into what people run on every call",
			func(from, to unit) bool {
				return from.path == "cmd/keyfob" && to.path != "internal/cli" && to.path != "internal/fastpath" && to.path != "internal/clock"
			},
		},
		{
			"what helps tests belongs into tests and tools, not into a program that is shipped",
			func(from, to unit) bool {
				return to.place == testHelp && from.place != testHelp && from.path != "centertest" && !isTool(from)
			},
		},
	}
}

// doorName is the door that a package belongs to: center/sts/sigv4 is part of center/sts.
func doorName(u unit) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(u.path, "internal/center/"), "/")
	return first
}

// outsideRule bans packages that are not ours.
type outsideRule struct {
	packages []string // "net/http", or "net/..." with everything below it
	banned   func(u unit) bool
	why      string
}

func outsideRules() []outsideRule {
	return []outsideRule{
		{
			[]string{"os", "os/exec", "os/signal", "os/user", "net", "syscall", "path/filepath", "io/ioutil", "log", "crypto/rand"},
			func(u unit) bool {
				// filepath.Join alone, of folders that come in through a field.
				return isRule(u.place) && !(u.path == "internal/awsconfig" && u.imported == "path/filepath")
			},
			"rules do no IO: files, processes, connections and randomness come in through fields",
		},
		{
			[]string{"net/http"},
			// The center's rules may name a status in a refusal; see ambientRules.
			func(u unit) bool { return u.place == clientRule || u.place == vocabulary },
			"rules and messages know no HTTP: who sends and receives is somebody else",
		},
		{
			[]string{"github.com/...", "golang.org/...", "modernc.org/...", "go.uber.org/...", "pgregory.net/..."},
			func(u unit) bool { return u.place == vocabulary },
			"wire and clock are the standard library and nothing else",
		},
		{
			[]string{"os/exec"},
			func(u unit) bool {
				return u.place != program && u.path != "internal/browser" && u.path != "internal/credprocess" && u.path != "internal/childprocess" && u.path != "internal/pager" && u.place != testHelp
			},
			"another program is run by the adapters of the browser, of credential_process, of exec and of the pager, and by programs only",
		},
		{
			[]string{"math/rand", "math/rand/v2"},
			func(unit) bool { return true },
			"randomness is a field, and what it is for here must not be guessed",
		},
		{
			[]string{"unsafe", "C", "plugin"},
			func(unit) bool { return true },
			"the programs are static and portable",
		},
		{
			[]string{"testing", "net/http/httptest", "github.com/google/go-cmp/...", "go.uber.org/goleak", "pgregory.net/rapid"},
			func(u unit) bool { return u.place != testHelp && u.path != "centertest" },
			"what helps tests is not linked into programs",
		},
	}
}

// ambientRule bans names of the standard library.
type ambientRule struct {
	pkg    string
	names  []string // nil is all
	except []string // prefixes that are allowed
	banned func(u unit) bool
	why    string
}

func ambientRules() []ambientRule {
	adapter := func(u unit) bool { return u.place == clientAdapter || u.place == centerAdapter }
	return []ambientRule{
		{
			pkg: "time", names: []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"},
			banned: func(u unit) bool { return !adapter(u) && u.path != "internal/clock" && u.place != program },
			why:    "time comes in as a clock.Clock, so that a test can move it and a sleep can be interrupted",
		},
		{
			pkg: "os", names: []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Args", "Stdin", "Stdout", "Stderr", "UserHomeDir", "Getwd"},
			// centertest hands the environment on to the programs that a test starts.
			banned: func(u unit) bool { return !adapter(u) && u.place != program && u.path != "centertest" },
			why:    "the environment comes in through a field: a test has one of its own, and nothing is read unnoticed",
		},
		{
			pkg: "os", names: []string{"Exit"},
			banned: func(u unit) bool { return u.place != program },
			why:    "an exit skips every cleanup on the way; return the code to main",
		},
		{
			pkg: "log", names: []string{"Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "Print", "Printf", "Println"},
			banned: func(u unit) bool { return u.place != program },
			why:    "the log is a field",
		},
		{
			pkg: "log/slog", names: []string{"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "DebugContext", "InfoContext", "WarnContext", "ErrorContext"},
			banned: func(u unit) bool { return u.place != program },
			why:    "the log is a field",
		},
		{
			pkg: "net/http", names: []string{"DefaultClient", "DefaultTransport", "DefaultServeMux", "Get", "Head", "Post", "PostForm", "Handle", "HandleFunc", "ListenAndServe"},
			banned: func(unit) bool { return true },
			why:    "the default client has no timeout and ignores --ca-bundle, the default mux is everybody's",
		},
		{
			pkg: "net/http", except: []string{"Status"},
			banned: func(u unit) bool { return u.place == centerRule },
			why:    "a rule's refusal carries its status (http.Status…); anything more is a door's",
		},
		{
			pkg: "fmt", names: []string{"Print", "Printf", "Println"},
			banned: func(u unit) bool { return u.place != program },
			why:    "stdout is the result's, and comes in through a field",
		},
	}
}

// variables lists the package-level variables that are no error, check or embedded files, and why.
func variables() map[string]string {
	return map[string]string{
		"cmd/keyfob.version":        "set by the linker, read once",
		"cmd/keyfob-center.version": "set by the linker, read once",
	}
}

// exceptions lists what one package may use against a rule of ambientRules, and why.
func exceptions() map[string]string {
	return map[string]string{
		"internal/session time.AfterFunc": "how long a refresh that is on its way may outlive Ctrl-C: real time by nature, decides nothing about tokens",
	}
}

// isTool tells a program that is not shipped: a generator, a demonstration.
func isTool(u unit) bool { return u.place == program && !strings.HasPrefix(u.path, "cmd/") }

// warnLines is where a file deserves a second look. It is no limit.
const warnLines = 400
