package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"keyfob/internal/handover"
	"keyfob/internal/shellquote"
)

// recipe says what to set for one kind of client.
type recipe struct {
	title string
	lines []string
}

// inContainer is where a container finds the folder with its token.
const inContainer = "/run/keyfob"

func (o *serveOptions) recipe(name string, s served, c servedClient) (recipe, error) {
	url := s.URL(o.Profile)
	switch name {
	case forDocker:
		return o.docker(url, c)
	case forCompose:
		return recipe{"docker compose", o.compose(url, c)}, nil
	case forDevContainer:
		return recipe{"devcontainer.json", o.devContainer(url, c)}, nil
	case forSSH:
		return o.ssh(url, s.Port, c)
	}
	lines, err := o.shell(url, c, o.Syntax)
	return recipe{"this machine, in a shell", append(append([]string{}, o.Unset...), lines...)}, err
}

func (o *serveOptions) shell(url string, c servedClient, syntax func(handover.Variable) (string, error)) (lines []string, err error) {
	set := handover.Server(url, c.Token, o.Region)
	if c.File != "" {
		set = handover.ServerWithFile(url, c.File, o.Region)
	}
	for _, v := range set {
		l, err := syntax(v)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// docker has no token in its arguments, which everybody on the machine can read.
func (o *serveOptions) docker(url string, c servedClient) (recipe, error) {
	env := []string{handover.FullURI + "=" + url}
	var before, mount []string
	if c.File != "" {
		mount = []string{"--mount", "type=bind,readonly,source=" + filepath.Dir(c.File) + ",target=" + inContainer}
		env = append(env, handover.TokenFile+"="+o.inContainer(c))
	} else {
		l, err := o.Syntax(handover.Variable{Name: handover.Token, Value: c.Token.Reveal()})
		if err != nil {
			return recipe{}, err
		}
		before, env = []string{l}, append(env, handover.Token)
	}
	for _, v := range o.regions() {
		env = append(env, v.Name+"="+v.Value)
	}
	words := []string{"docker", "run", "--rm", "--network", "host"}
	for _, m := range mount {
		words = append(words, shellquote.Word(m))
	}
	for _, e := range env {
		words = append(words, "-e", shellquote.Word(e))
	}
	return recipe{"docker", append(before, strings.Join(append(words, "IMAGE"), " "))}, nil
}

// regions are both names of the region: boto3 knows the one alone, most others the other.
func (o *serveOptions) regions() []handover.Variable {
	if o.Region == "" {
		return nil
	}
	return []handover.Variable{{Name: handover.Region, Value: o.Region}, {Name: handover.DefaultRegion, Value: o.Region}}
}

func (o *serveOptions) inContainer(c servedClient) string {
	return inContainer + "/" + filepath.Base(c.File)
}

func (o *serveOptions) compose(url string, c servedClient) []string {
	text := func(s string) string { return strings.ReplaceAll(jsonText(s), "$", "$$") } // which is JSON, and so YAML
	lines := []string{
		"services:", "  app:", "    network_mode: host", "    environment:",
		"      " + handover.FullURI + ": " + text(url),
	}
	for _, v := range o.regions() {
		lines = append(lines, "      "+v.Name+": "+text(v.Value))
	}
	if c.File == "" { // as the environment of docker compose has it
		return append(lines, "      "+handover.Token+": ${"+handover.Token+":?}")
	}
	return append(lines, "      "+handover.TokenFile+": "+text(o.inContainer(c)),
		"    volumes:", "      - { type: bind, read_only: true, source: "+text(filepath.Dir(c.File))+", target: "+inContainer+" }")
}

func (o *serveOptions) devContainer(url string, c servedClient) []string {
	env := `    ` + jsonText(handover.FullURI) + `: ` + jsonText(url)
	for _, v := range o.regions() {
		env += ",\n    " + jsonText(v.Name) + ": " + jsonText(v.Value)
	}
	rest := `  "remoteEnv": { ` + jsonText(handover.Token) + `: "${localEnv:` + handover.Token + `}" }`
	if c.File != "" {
		env += ",\n    " + jsonText(handover.TokenFile) + ": " + jsonText(o.inContainer(c))
		rest = `  "mounts": [` + jsonText("type=bind,readonly,source="+filepath.Dir(c.File)+",target="+inContainer) + `]`
	}
	return strings.Split("{\n  \"runArgs\": [\"--network=host\"],\n  \"containerEnv\": {\n"+env+"\n  },\n"+rest+"\n}", "\n")
}

// ssh brings the server to the other machine's loopback address, under the same port. The token has to be
// brought there too; one in a file stays out of sight on the way.
func (o *serveOptions) ssh(url, port string, c servedClient) (recipe, error) {
	posix := func(v handover.Variable) (string, error) { return shellquote.POSIX.Export(v.Name, v.Value) }
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	lines := []string{"ssh -R " + shellquote.Word("127.0.0.1:"+port+":"+host) + " HOST"}
	path := c.File
	c.File = ""
	set, err := o.shell(url, c, posix)
	if path != "" {
		lines = append([]string{"ssh HOST 'umask 077; cat >.keyfob-token' <" + shellquote.Word(path)}, lines...)
		for i, l := range set {
			if strings.HasPrefix(l, "export "+handover.Token+"=") {
				set[i] = "export " + handover.TokenFile + `="$HOME/.keyfob-token"`
			}
		}
	}
	return recipe{"another machine", append(append(lines, "# then, on HOST:"), set...)}, err
}

func jsonText(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
