package referee

import (
	"testing"
)

// A profile that the wizard has written is one that every tool uses, by the name that it has for it.
func TestWizardsProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(keyfob, "--profile", "dev")
	for _, n := range newNames() {
		w.ok(keyfob, "configure", "sso", "--session-name", "example", "--account-id", "000000000042", "--role-name", "ReadOnlyAccess",
			"--region", "us-east-1", "--output", "json", "--profile-name", n.name)
	}
	for _, tool := range append(clis(), sdks()...) {
		t.Run(tool.name, func(t *testing.T) {
			needs(t, tool)
			w := &world{w.center.in(t), w.home}
			for _, n := range newNames() {
				name := n.name
				switch {
				case tool.name == goSDK.name:
					name = n.goSDK
				case tool.name == jsSDK.name && !n.js:
					w.fails(tool, "identity", name)
					continue
				}
				w.identifies(tool, name, "000000000042", "ReadOnlyAccess")
			}
		})
	}
}
