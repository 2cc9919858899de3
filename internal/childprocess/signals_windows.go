package childprocess

import "os"

// passed lists the signals that must not end keyfob before its child: Ctrl-C and Ctrl-Break, which every
// process of a console gets.
func passed() []os.Signal { return []os.Signal{os.Interrupt} }

func fromTerminal(os.Signal) bool { return true }

func exitCode(s *os.ProcessState) int { return s.ExitCode() }

func tryShell(error) bool { return false }
