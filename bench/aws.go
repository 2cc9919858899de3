//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// findAWS returns the AWS CLI as contenders: the referee's, from its Debian 13, which has a known
// version, or else the one on PATH. cleanUp removes what it made, also when it fails.
func findAWS(home string, export []string) (found []*contender, cleanUp func(), err error) {
	cleanUp = func() {}
	root := os.Getenv("KEYFOB_DEBIAN13")
	if root == "" {
		root = ".cache/debian13"
	}
	path := "/usr/bin/aws"
	if _, err := os.Stat(filepath.Join(root, path)); err == nil && os.Getuid() == 0 {
		if root, err = filepath.Abs(root); err != nil {
			return nil, cleanUp, err
		}
		h, err := makeHome(filepath.Join(root, "tmp"), nowhere)
		if err != nil {
			return nil, cleanUp, err
		}
		cleanUp = func() { _ = os.RemoveAll(h.path) }
		home = strings.TrimPrefix(h.path, root)
	} else if path, err = exec.LookPath("aws"); err == nil {
		root = ""
	} else {
		return nil, cleanUp, errors.New("not on PATH, and no Debian 13 of the referee's that this user may enter")
	}
	at := func(name string, args ...string) *contender {
		return &contender{name: name, path: path, args: args, home: home, root: root}
	}
	version := at("aws --version", "--version")
	version.proof = func(stdout []byte) error {
		version.name, _, _ = strings.Cut(string(stdout), " ")
		version.name += " --version"
		return nil
	}
	warm := at("aws, warm credentials", export...)
	warm.proof = provesCredentials
	return []*contender{version, warm}, cleanUp, nil
}

func inRoot(root string) *syscall.SysProcAttr { return &syscall.SysProcAttr{Chroot: root} }
