package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

const packaging = "../../packaging"

func packaged(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(packaging, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// command checks that args are a command line of this program, and returns the command with its flags set.
func command(t *testing.T, args []string) *cobra.Command {
	t.Helper()
	cmd, rest, err := rootCommand(stdio{os.Stdin, io.Discard, io.Discard}).Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil || !cmd.Runnable() {
		t.Fatalf("keyfob-center %s: %v", strings.Join(args, " "), err)
	}
	return cmd
}

// flag returns a flag that must be there.
func flag(t *testing.T, cmd *cobra.Command, name string) string {
	t.Helper()
	f := cmd.Flags().Lookup(name)
	if f == nil {
		t.Fatalf("%s has no --%s", cmd.Name(), name)
	}
	return f.Value.String()
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// exposed holds serve's flags against the rules of serve itself.
func exposed(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	o := serveOptions{
		Listen: flag(t, cmd, "listen"), PublicURL: flag(t, cmd, "public-url"), Control: flag(t, cmd, "control"),
		tlsOptions: tlsOptions{TLS: flag(t, cmd, "tls"), TLSCert: flag(t, cmd, "tls-cert"), TLSKey: flag(t, cmd, "tls-key")},
	}
	if err := o.checkExposure(); err != nil {
		t.Error(err)
	}
	if flag(t, cmd, "insecure-http") != "false" || o.Control != "" {
		t.Error("what is UNSAFE is not packaged")
	}
	if _, err := (observeOptions{LogFormat: flag(t, cmd, "log-format"), LogLevel: flag(t, cmd, "log-level")}).logger(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestSecurity84Containerfile(t *testing.T) {
	instructions := map[string][]string{}
	file := regexp.MustCompile(`\\\n\s*`).ReplaceAllString(packaged(t, "Containerfile"), "")
	_, last, found := strings.Cut(file, "FROM scratch\n")
	if !found {
		t.Fatal("the image is not made from nothing")
	}
	for _, line := range strings.Split(last, "\n") {
		if name, rest, ok := strings.Cut(line, " "); ok && name != "#" {
			instructions[name] = append(instructions[name], rest)
		}
	}
	one := func(name string) string {
		t.Helper()
		if len(instructions[name]) != 1 {
			t.Fatalf("%s: %q", name, instructions[name])
		}
		return instructions[name][0]
	}
	array := func(s string) (a []string) {
		t.Helper()
		if err := json.Unmarshal([]byte(s), &a); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return a
	}
	if user := one("USER"); user != "65532:65532" {
		t.Errorf("USER %s", user)
	}
	if !strings.Contains(file, "CGO_ENABLED=0 go build") {
		t.Error("the program is not static")
	}
	if entry := array(one("ENTRYPOINT")); !slices.Equal(entry, []string{"/keyfob-center"}) {
		t.Errorf("ENTRYPOINT %q", entry)
	}
	serve := command(t, array(one("CMD")))
	exposed(t, serve)
	_, check, _ := strings.Cut(one("HEALTHCHECK"), "CMD ")
	health := command(t, array(check)[1:])
	ports := strings.Fields(one("EXPOSE"))
	if !slices.Equal(ports, []string{port(t, flag(t, serve, "listen")), port(t, flag(t, serve, "metrics"))}) || port(t, flag(t, health, "metrics")) != ports[1] {
		t.Errorf("EXPOSE %q, listen %s, metrics %s, health check %s", ports, flag(t, serve, "listen"), flag(t, serve, "metrics"), flag(t, health, "metrics"))
	}
}

func TestSecurity84Compose(t *testing.T) {
	text := packaged(t, "compose/compose.yaml")
	var file struct {
		Services map[string]struct {
			Image       string
			User        string
			Command     []string
			Environment map[string]string
			Secrets     []string
			Volumes     []string
			Ports       []string
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			Networks    []string
			Build       struct{ Context, Dockerfile string }
		}
		Networks map[string]struct{ Internal bool }
		Volumes  map[string]struct{}
		Secrets  map[string]struct{ File string }
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	c, db := file.Services["center"], file.Services["db"]
	if !c.ReadOnly || !slices.Equal(c.CapDrop, []string{"ALL"}) || c.User == "" {
		t.Errorf("center: %+v", c)
	}
	for name, s := range file.Services {
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may gain privileges", name)
		}
		for _, secret := range s.Secrets {
			if !strings.HasPrefix(file.Secrets[secret].File, "./secrets/") {
				t.Errorf("%s: secret %s is in %q", name, secret, file.Secrets[secret].File)
			}
		}
		for k, v := range s.Environment {
			if strings.Contains(k, "PASS") && !strings.HasPrefix(v, "/run/secrets/") {
				t.Errorf("%s: %s is a secret in the environment", name, k)
			}
		}
		if len(s.Networks) == 0 {
			t.Errorf("%s is on the default network", name)
		}
	}
	if len(db.Ports) > 0 || !slices.Equal(db.Networks, []string{"back"}) || !file.Networks["back"].Internal {
		t.Errorf("the database can be reached: %+v", db)
	}
	args := slices.Clone(c.Command)
	for i, a := range args {
		args[i] = regexp.MustCompile(`\$\{KEYFOB_PUBLIC_URL:[^}]*\}`).ReplaceAllString(a, "https://localhost:8443")
	}
	serve := command(t, args)
	exposed(t, serve)
	for _, p := range c.Ports {
		if parts := strings.Split(p, ":"); len(parts) != 3 || parts[0] != "127.0.0.1" || parts[2] != port(t, flag(t, serve, "listen")) {
			t.Errorf("port %s", p)
		}
	}
	if len(c.Ports) != 1 {
		t.Errorf("ports %q", c.Ports)
	}
	if database := flag(t, serve, "database"); !strings.HasPrefix(database, "postgres://keyfob@db:5432/") {
		t.Errorf("database %s: the password belongs into PGPASSFILE", database)
	}
	if _, err := os.Stat(filepath.Join(packaging, "compose", c.Build.Context, c.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
}

// TestComposeSetup runs the script with this program in the place of the container's.
func TestComposeSetup(t *testing.T) {
	dir := t.TempDir()
	script := packaged(t, "compose/setup")
	if err := os.WriteFile(filepath.Join(dir, "setup"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	center := filepath.Join(dir, "keyfob-center")
	if out, err := exec.Command("go", "build", "-o", center, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	setup := func(args ...string) (string, error) {
		c := exec.Command("sh", append([]string{filepath.Join(dir, "setup")}, args...)...)
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "KEYFOB_CENTER=" + center, "HOME=" + dir}
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for _, bad := range []string{"a;id", "$(id)", "-x", "a b", "a\nb"} {
		if out, err := setup(bad); err == nil {
			t.Errorf("%q is a host: %s", bad, out)
		}
	}
	out, err := setup("center.example.com")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	password := read("secrets/db_password")
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(password) || read("secrets/pgpass") != "db:5432:keyfob:keyfob:"+password+"\n" {
		t.Errorf("password %q, pgpass %q", password, read("secrets/pgpass"))
	}
	if !strings.Contains(read(".env"), "KEYFOB_PUBLIC_URL=https://center.example.com:8443\n") || strings.Contains(out+read(".env"), password) {
		t.Errorf("%s\n%s", read(".env"), out)
	}
	// Nothing of it is for others.
	files := 0
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, infoErr := os.Stat(path)
		if err != nil || infoErr != nil || path == center || path == dir {
			return err
		}
		files++
		if mode := info.Mode().Perm(); mode&0o077 != 0 && filepath.Base(path) != "ca.pem" && !strings.HasSuffix(path, "/state/ca") {
			t.Errorf("%s has mode %04o", path, mode)
		}
		return nil
	}); err != nil || files < 8 {
		t.Errorf("%d files, %v", files, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "state")); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("state: %v %v", st, err)
	}
	// Again changes nothing.
	if out, err := setup("center.example.com"); err != nil || read("secrets/db_password") != password {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestUnit(t *testing.T) {
	settings, section := map[string][]string{}, ""
	known := map[string]bool{"Unit": true, "Service": true, "Install": true}
	for n, line := range strings.Split(packaged(t, "systemd/keyfob-center.service"), "\n") {
		switch key, value, ok := strings.Cut(line, "="); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			if section = strings.Trim(line, "[]"); !known[section] {
				t.Errorf("line %d: section %s", n+1, section)
			}
		case !ok || strings.TrimSpace(key) != key || section == "":
			t.Errorf("line %d: %q", n+1, line)
		default:
			settings[section+" "+key] = append(settings[section+" "+key], value)
		}
	}
	for key, want := range map[string]string{
		"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "CapabilityBoundingSet": "",
		"MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes", "DynamicUser": "yes", "StateDirectoryMode": "0700", "UMask": "0077", "SystemCallArchitectures": "native",
	} {
		if got := settings["Service "+key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, not %q", key, got, want)
		}
	}
	start := settings["Service ExecStart"]
	if len(start) != 1 {
		t.Fatalf("ExecStart %q", start)
	}
	serve := command(t, strings.Fields(start[0])[1:])
	exposed(t, serve)
	if state := settings["Service WorkingDirectory"]; !slices.Equal(state, []string{"/var/lib/" + settings["Service StateDirectory"][0]}) {
		t.Errorf("it works in %q", state)
	}

	t.Run("as systemd reads it", func(t *testing.T) {
		analyze, err := exec.LookPath("systemd-analyze")
		if err != nil {
			t.Skip("SKIP-TOOL: systemd-analyze: not in PATH (scripts/setup installs systemd)")
		}
		unit := filepath.Join(packaging, "systemd", "keyfob-center.service")
		out, err := exec.Command(analyze, "verify", unit).CombinedOutput()
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			if line != "" && !strings.Contains(line, "/usr/local/bin/keyfob-center is not executable") {
				t.Errorf("verify: %s (%v)", line, err)
			}
		}
		out, err = exec.Command(analyze, "security", "--offline=yes", "--threshold=15", unit).CombinedOutput()
		if err != nil {
			t.Errorf("exposure of more than 1.5: %v\n%s", err, lastLine(string(out)))
		}
	})
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return fmt.Sprint(lines[len(lines)-1])
}
