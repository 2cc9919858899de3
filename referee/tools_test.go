package referee

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tool is a program under test, or one that judges. SDKs are asked through the referee's own programs,
// which have verbs; the AWS CLI and keyfob have one command line between them.
type tool struct {
	name    string
	sdk     bool
	missing func() string // why it cannot run here, "" if it can
	command func(ctx context.Context, w *world, args []string) *exec.Cmd
}

var keyfob = tool{
	name:    "keyfob",
	missing: func() string { return "" },
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.home, filepath.Join(built.bin, "keyfob"), args)
	},
}

// The AWS CLI and boto3 of Debian 13 run in a folder with that system, whatever this one is. They share
// the loopback network, and a home folder that lies within.
var awsCLI = tool{
	name:    "aws-cli",
	missing: noDebian,
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.inside(), "chroot", append([]string{debian(), "/usr/bin/aws"}, args...))
	},
}

//go:embed boto3/check.py
var boto3Script string

var boto3 = tool{
	name:    "boto3",
	sdk:     true,
	missing: noDebian,
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.inside(), "chroot", append([]string{debian(), "/usr/bin/python3", "-c", boto3Script}, args...))
	},
}

var goSDK = tool{
	name:    "aws-sdk-go-v2",
	sdk:     true,
	missing: func() string { return "" },
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.home, filepath.Join(built.bin, "gosdk"), args)
	},
}

var jsSDK = tool{
	name: "aws-sdk-js-v3",
	sdk:  true,
	missing: func() string {
		if _, err := exec.LookPath("node"); err != nil {
			return "no node in PATH"
		}
		if _, err := os.Stat("js/node_modules"); err != nil {
			return "the JavaScript SDK is not installed (referee/node installs it)"
		}
		return ""
	},
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.home, "node", append([]string{"js/check.mjs"}, args...))
	},
}

// clis sign in.
func clis() []tool { return []tool{keyfob, awsCLI} }

// sdks do the same things and print them in the same form.
func sdks() []tool { return []tool{boto3, goSDK, jsSDK} }

// debian is the folder that referee/debian13 makes, "" if there is none.
func debian() string {
	dir := os.Getenv("KEYFOB_DEBIAN13")
	if dir == "" {
		dir = filepath.Join("..", ".cache", "debian13")
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return ""
	}
	return dir
}

func noDebian() string {
	if os.Getuid() != 0 {
		return "changing the root folder needs root"
	}
	if _, err := exec.LookPath("chroot"); err != nil {
		return "no chroot in PATH"
	}
	if _, err := os.Stat(filepath.Join(debian(), "usr/bin/aws")); debian() == "" || err != nil {
		return "no Debian 13 with the AWS CLI (referee/debian13 makes one)"
	}
	return ""
}

// needs skips a test for which this machine lacks a tool.
func needs(t *testing.T, tools ...tool) {
	t.Helper()
	for _, tool := range tools {
		if why := tool.missing(); why != "" {
			t.Skipf("SKIP-TOOL: %s: %s", tool.name, why)
		}
	}
}
