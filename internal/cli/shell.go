package cli

import (
	"path"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/handover"
	"keyfob/internal/shellquote"
)

func (a *app) newShell() *cobra.Command {
	server, force := false, false
	c := &cobra.Command{
		Use:   "shell",
		Short: "start a shell with a profile's credentials",
		Long: `Starts a shell, that of $SHELL, with the credentials of a profile in its environment, as keyfob exec gives them to
a command; it says which, and when they expire. Your own startup files are read as always, and changed nowhere;
bash, zsh, fish, PowerShell and sh show the profile in their prompt. KEYFOB_PROFILE and KEYFOB_EXPIRES say it to
programs and to prompts of your own.

A shell does not come back for new credentials: with --server, programs in it are served credentials that are
renewed for as long as it runs, as with keyfob exec --server. Inside a shell of keyfob another is refused, unless
with --force: it would be easy to lose track.`,
		Example: `    keyfob shell --profile dev
    keyfob shell --profile prod --server`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if inside, _ := a.sys.LookupEnv(handover.Profile); inside != "" && !force {
				return &nestedShellError{inside}
			}
			o, clean, err := a.buildShell(server)
			if err != nil {
				return err
			}
			defer clean()
			return o.Run(cmd.Context())
		},
	}
	c.Flags().BoolVar(&server, "server", false, "serve credentials to the shell for as long as it runs")
	c.Flags().BoolVar(&force, "force", false, "start a shell inside a shell")
	return c
}

// nestedShellError is a shell inside a shell.
type nestedShellError struct{ profile string }

func (e *nestedShellError) Error() string {
	return "this is a shell of keyfob already, with profile " + quoted(e.profile)
}

// prompting is how a shell is started so that its prompt says the profile.
type prompting struct {
	args  []string
	set   []handover.Variable
	files map[string]string // content by name, in a folder that the shell removes; it holds no secrets
}

// promptOf knows shells by the name of their program. folder is where files are going to be, zdotdir
// what ZDOTDIR was. Shells of other names are started as they are.
//
// The profile's name is anybody's text: each shell reads it from the environment when it prompts, and
// none evaluates it.
func promptOf(shell, folder, zdotdir string, hasZdotdir bool) prompting {
	// What the startup files set would win over what was handed over.
	gone := []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
	remove := "command rm -rf -- " + shellquote.Word(folder)
	switch strings.TrimSuffix(path.Base(strings.ReplaceAll(shell, `\`, "/")), ".exe") {
	case "bash":
		return prompting{
			args: []string{"--rcfile", folder + "/bashrc"},
			files: map[string]string{"bashrc": remove + `
if [ -f ~/.bashrc ]; then . ~/.bashrc; fi
unset ` + strings.Join(gone, " ") + `
PS1='(${KEYFOB_PROFILE}) '"$PS1"
`},
		}
	case "zsh":
		restore := "unset ZDOTDIR"
		if hasZdotdir {
			restore = "export ZDOTDIR=" + shellquote.Word(zdotdir)
		}
		// The rest of the startup files are the person's: a prompt function comes after all of them.
		return prompting{
			set: []handover.Variable{{Name: "ZDOTDIR", Value: folder}},
			files: map[string]string{".zshenv": restore + `
` + remove + `
if [[ -f ${ZDOTDIR:-$HOME}/.zshenv ]]; then . ${ZDOTDIR:-$HOME}/.zshenv; fi
_keyfob_once() { unset ` + strings.Join(gone, " ") + `; _keyfob_once() { : } }
_keyfob_prompt() {
	_keyfob_once
	psvar[9]=$KEYFOB_PROFILE
	[[ $PROMPT == '(%9v) '* ]] || PROMPT="(%9v) $PROMPT"
}
typeset -ga precmd_functions
precmd_functions+=(_keyfob_prompt)
`},
		}
	case "fish":
		return prompting{args: []string{"-C", `for name in ` + strings.Join(gone, " ") + `; set -e $name; end
functions -q fish_prompt; and functions -c fish_prompt _keyfob_inner_prompt
function _keyfob_status; return $argv[1]; end
function fish_prompt
    set -l last $status
    printf '(%s) ' $KEYFOB_PROFILE
    _keyfob_status $last
    functions -q _keyfob_inner_prompt; and _keyfob_inner_prompt
end`}}
	case "pwsh", "powershell":
		return prompting{args: []string{"-NoExit", "-Command", strings.Join(shellquote.PowerShell.Unset(gone...), "; ") +
			`; $keyfobPrompt = $function:prompt; function prompt { "($Env:KEYFOB_PROFILE) " + (& $keyfobPrompt) }`}}
	case "sh", "dash", "ash", "ksh", "mksh", "busybox":
		return prompting{set: []handover.Variable{{Name: "PS1", Value: "(${KEYFOB_PROFILE}) $ "}}}
	}
	return prompting{}
}
