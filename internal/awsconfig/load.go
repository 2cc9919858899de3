package awsconfig

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Env is everything Load may know of the outside.
type Env struct {
	Lookup   func(key string) (string, bool)   // environment variables, as os.LookupEnv
	Home     string                            // the user's home folder, "" when there is none
	ReadFile func(path string) ([]byte, error) // as os.ReadFile; a missing file is fs.ErrNotExist
}

// Config is the shared files, read once. It is read-only.
type Config struct {
	// Warnings is what is wrong with the files and was tolerated, in the order of the files and lines.
	Warnings []Warning

	env                         Env
	configFile, credentialsFile string
	profiles                    sections
	sessions                    sections
	services                    sections
	credentials                 sections // profiles of the credentials file alone
	overridden                  sections // profiles of both files, as the config file alone has them
	files                       [2]*reader
}

// Load reads the config and the credentials file: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE,
// with $VAR and ~ expanded, else config and credentials in ~/.aws. A missing file is an empty one, and
// so is a variable that is set to nothing. A file that is there and cannot be read is a *FileError.
func Load(env Env) (*Config, error) {
	c := &Config{env: env}
	config, err := c.open("AWS_CONFIG_FILE", "config")
	if err != nil {
		return nil, err
	}
	credentials, err := c.open("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	if err != nil {
		return nil, err
	}
	c.configFile, c.credentialsFile = config.path, credentials.path
	c.files = [2]*reader{config, credentials}
	c.sortSections(config)

	// Headers of the credentials file are names, whatever they look like.
	c.credentials = credentials.read()
	for _, name := range c.credentials.order {
		s := c.credentials.named[name]
		if below, ok := c.profiles.named[name]; ok {
			c.overridden.put(below)
			s = s.over(below)
		}
		c.profiles.put(s)
	}
	for _, r := range []*reader{config, credentials} {
		slices.SortStableFunc(r.warnings, func(a, b Warning) int { return a.Line - b.Line })
		c.Warnings = append(c.Warnings, r.warnings...)
	}
	return c, nil
}

// ConfigFile returns the path of the config file, whether it exists or not; "" when there can be none
// because there is no home folder or AWS_CONFIG_FILE is set to nothing.
func (c *Config) ConfigFile() string { return c.configFile }

// CredentialsFile returns the path of the credentials file, as ConfigFile does.
func (c *Config) CredentialsFile() string { return c.credentialsFile }

// sortSections tells the config file's sections apart. A section that has the name of an earlier one in
// other words ([default] and [profile default]) replaces it as a whole, as it does for the AWS CLI.
func (c *Config) sortSections(config *reader) {
	raw := config.read()
	c.profiles.order = make([]string, 0, len(raw.order))
	lines := make(map[string]int, len(raw.order)) // where a header is first used
	for _, b := range slices.Backward(config.doc.blocks) {
		lines[b.header] = b.line
	}
	for _, text := range raw.order {
		h, described, usable := readHeader(text)
		switch {
		case !described:
			continue
		case !usable:
			config.warn(WarnIgnoredSection, lines[text], "section "+quote("["+text+"]")+" ignored: after "+quote(string(h.Kind))+" must come one name, quoted if it has blanks")
			continue
		}
		into := &c.profiles
		switch h.Kind {
		case SessionSection:
			into = &c.sessions
		case ServicesSection:
			into = &c.services
		}
		if _, hidden := into.named[h.Name]; hidden {
			config.warn(WarnShadowedSection, lines[text], "section "+quote("["+text+"]")+" hides an earlier section for the same name, whose keys are not read")
		}
		s := raw.named[text]
		s.Name = h.Name
		into.put(s)
	}
}

func (c *Config) open(variable, name string) (*reader, error) {
	f, err := c.openRaw(variable, name)
	if err != nil || f.path == "" {
		return &reader{}, err
	}
	return &reader{path: f.path, doc: parse(f.text)}, nil
}

// rawFile is one of the files as it is; path is "" when there can be none.
type rawFile struct{ path, text string }

func (c *Config) openRaw(variable, name string) (rawFile, error) {
	path, set := c.env.Lookup(variable)
	switch {
	case set:
		expanded, err := c.env.expand(path)
		if err != nil {
			return rawFile{}, &FileError{Path: path, Err: err}
		}
		path = expanded
	case c.env.Home != "":
		path = filepath.Join(c.env.Home, ".aws", name)
	}
	if path == "" {
		return rawFile{}, nil
	}
	data, err := c.env.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err // FileError names the path itself
		}
		return rawFile{}, &FileError{Path: path, Err: err}
	}
	return rawFile{path, string(data)}, nil
}

// expand replaces $NAME, ${NAME} and a leading ~ as Python's expandvars and expanduser do: what is not
// known stays as it is. It does not look up other users' homes.
func (e Env) expand(path string) (string, error) {
	var b strings.Builder
	for rest := path; ; {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			break
		}
		name, length := variableName(after)
		value, ok := "", false
		if length > 0 {
			value, ok = e.Lookup(name)
		}
		if !ok {
			value = "$" + after[:length]
		}
		b.WriteString(value)
		rest = after[length:]
	}
	path = b.String()
	if path == "~" || strings.HasPrefix(path, "~/") || strings.HasPrefix(path, "~"+string(filepath.Separator)) {
		if e.Home == "" {
			return "", errors.New("there is no home folder to take ~ for")
		}
		path = e.Home + path[1:]
	}
	return path, nil
}

// variableName returns the name that s, the text behind a dollar sign, begins with, and how many bytes
// it takes with its braces; 0 when there is none.
func variableName(s string) (name string, length int) {
	if strings.HasPrefix(s, "{") {
		if i := strings.IndexByte(s, '}'); i > 0 {
			return s[1:i], i + 1
		}
		return "", 0
	}
	i := strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if i < 0 {
		i = len(s)
	}
	return s[:i], i
}
