// Command gen makes testdata/members.json of AWS's own service models, as botocore ships them:
//
//	go run ./internal/wire/gen -botocore "$(python3 -c 'import botocore, os; print(os.path.dirname(botocore.__file__))')"
//
// With -services only the named ones are replaced and the others stay as the file has them, for when
// the botocore at hand is older than what the rest was made of:
//
//	go run ./internal/wire/gen -botocore … -services sts
//
// The file is the judge of package wire, so nothing in it is written by hand.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	botocore := flag.String("botocore", "", "`folder` of the botocore package")
	out := flag.String("o", filepath.Join("internal", "wire", "testdata", "members.json"), "`file` to write")
	only := flag.String("services", "", "replace only these `services` (separated by commas) in an existing file")
	flag.Parse()
	if err := run(*botocore, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// services are the models that are taken, and of STS, which has many, the operations in use.
func services() map[string][]string {
	return map[string][]string{"sso-oidc": nil, "sso": nil, "sts": {"GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken"}}
}

// document is the file that is made.
type document struct {
	Made     string             `json:"made"`
	License  string             `json:"license"`
	Services map[string]service `json:"services"`
}

type service struct {
	Source       string               `json:"source"` // the botocore it is of
	APIVersion   string               `json:"apiVersion"`
	SigningName  string               `json:"signingName"`
	Protocol     string               `json:"protocol"`
	XMLNamespace string               `json:"xmlNamespace,omitempty"`
	Operations   map[string]operation `json:"operations"`
	Shapes       map[string]shape     `json:"shapes"`
}

type operation struct {
	Method        string   `json:"method"`
	URI           string   `json:"uri"`
	Auth          string   `json:"auth,omitempty"`
	Input         string   `json:"input,omitempty"`
	Output        string   `json:"output,omitempty"`
	ResultWrapper string   `json:"resultWrapper,omitempty"`
	Errors        []string `json:"errors,omitempty"`
}

type shape struct {
	Kind      string            `json:"kind"`
	Sensitive bool              `json:"sensitive,omitempty"`
	Min       *float64          `json:"min,omitempty"`
	Max       *float64          `json:"max,omitempty"`
	Enum      []string          `json:"enum,omitempty"`
	Item      string            `json:"item,omitempty"`
	Required  []string          `json:"required,omitempty"`
	Members   map[string]member `json:"members,omitempty"`
	Status    int               `json:"httpStatusCode,omitempty"` // of an error
	Code      string            `json:"code,omitempty"`           // of an error that is not sent under its shape's name
}

type member struct {
	Shape        string `json:"shape"`
	Location     string `json:"location,omitempty"`
	LocationName string `json:"locationName,omitempty"`
}

// model is the part of service-2.json that is read.
type model struct {
	Metadata struct {
		APIVersion, SigningName, EndpointPrefix, Protocol, XMLNamespace string
	}
	Operations map[string]struct {
		HTTP     struct{ Method, RequestURI string }
		Input    struct{ Shape string }
		Output   struct{ Shape, ResultWrapper string }
		Errors   []struct{ Shape string }
		AuthType string
	}
	Shapes map[string]struct {
		Type      string
		Sensitive bool
		Min, Max  *float64
		Enum      []string
		Member    struct{ Shape string }
		Required  []string
		Members   map[string]member
		Exception bool
		Error     struct {
			Code           string
			HTTPStatusCode int
		}
	}
}

func run(botocore, out, only string) error {
	source, err := version(botocore)
	if err != nil {
		return err
	}
	d, err := start(out, only)
	if err != nil {
		return err
	}
	for name, wanted := range services() {
		if _, kept := d.Services[name]; kept {
			continue
		}
		m, err := read(filepath.Join(botocore, "data", name))
		if err != nil {
			return err
		}
		s, err := reduce(m, wanted)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.Source = source
		d.Services[name] = s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// start is the document before anything is read from botocore: empty, or the existing file without
// the services that are to be replaced.
func start(out, only string) (document, error) {
	d := document{
		Made:     "by internal/wire/gen of botocore's data/*/*/service-2.json, not by hand",
		License:  "Apache-2.0 (Copyright Amazon.com, Inc. or its affiliates)",
		Services: map[string]service{},
	}
	if only == "" {
		return d, nil
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return d, err
	}
	var before document
	if err := json.Unmarshal(b, &before); err != nil {
		return d, fmt.Errorf("%s: %w", out, err)
	}
	replaced := strings.Split(only, ",")
	for _, name := range replaced {
		if _, ok := services()[name]; !ok {
			return d, fmt.Errorf("-services: there is no %q", name)
		}
	}
	for name, s := range before.Services {
		if _, ok := services()[name]; ok && !slices.Contains(replaced, name) {
			d.Services[name] = s
		}
	}
	return d, nil
}

// version is the botocore's name and version.
func version(botocore string) (string, error) {
	if botocore == "" {
		return "", errors.New("-botocore is missing")
	}
	about, err := os.ReadFile(filepath.Join(botocore, "__init__.py"))
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^__version__ = ['"]([0-9.]+)['"]`).FindSubmatch(about)
	if found == nil {
		return "", errors.New("__init__.py does not name a version")
	}
	return "botocore " + string(found[1]), nil
}

// read reads the newest version of a service's model, packed or not.
func read(dir string) (m model, err error) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "service-2.json*"))
	if err != nil || len(found) == 0 {
		return m, fmt.Errorf("there is no model in %s", dir)
	}
	f, err := os.Open(slices.Max(found))
	if err != nil {
		return m, err
	}
	defer f.Close() //nolint:errcheck // only read
	r := io.Reader(f)
	if filepath.Ext(f.Name()) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			return m, err
		}
	}
	return m, json.NewDecoder(r).Decode(&m)
}

// reduce keeps the wanted operations, or all, and the shapes they lead to.
func reduce(m model, wanted []string) (service, error) {
	s := service{
		APIVersion: m.Metadata.APIVersion, SigningName: m.Metadata.SigningName, Protocol: m.Metadata.Protocol, XMLNamespace: m.Metadata.XMLNamespace,
		Operations: map[string]operation{}, Shapes: map[string]shape{},
	}
	if s.SigningName == "" {
		s.SigningName = m.Metadata.EndpointPrefix
	}
	var add func(string) error
	add = func(name string) error {
		if _, done := s.Shapes[name]; done || name == "" {
			return nil
		}
		from, ok := m.Shapes[name]
		if !ok {
			return fmt.Errorf("shape %s: %w", name, fs.ErrNotExist)
		}
		s.Shapes[name] = shape{
			Kind: from.Type, Sensitive: from.Sensitive, Min: from.Min, Max: from.Max, Enum: from.Enum, Item: from.Member.Shape,
			Required: from.Required, Members: from.Members, Status: from.Error.HTTPStatusCode,
		}
		if kept := s.Shapes[name]; from.Error.Code != name {
			kept.Code = from.Error.Code
			s.Shapes[name] = kept
		}
		err := add(from.Member.Shape)
		for _, member := range from.Members {
			err = errors.Join(err, add(member.Shape))
		}
		return err
	}
	for name, from := range m.Operations {
		if wanted != nil && !slices.Contains(wanted, name) {
			continue
		}
		o := operation{
			Method: from.HTTP.Method, URI: from.HTTP.RequestURI, Auth: from.AuthType,
			Input: from.Input.Shape, Output: from.Output.Shape, ResultWrapper: from.Output.ResultWrapper,
		}
		err := errors.Join(add(o.Input), add(o.Output))
		for _, e := range from.Errors {
			o.Errors = append(o.Errors, e.Shape)
			err = errors.Join(err, add(e.Shape))
		}
		if err != nil {
			return service{}, err
		}
		s.Operations[name] = o
	}
	if len(s.Operations) == 0 || wanted != nil && len(s.Operations) != len(wanted) {
		return service{}, errors.New("the wanted operations are not in the model")
	}
	return s, nil
}
