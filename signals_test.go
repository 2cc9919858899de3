package keyfob_test

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// signalChild is the variable that makes this test's program say which signals it gets, each time it gets
// one. A shell's trap would not do: it says two of a kind once.
const signalChild = "KEYFOB_TEST_SIGNALS"

func reportSignals() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	fmt.Println("ready")
	for s := range signals {
		switch s {
		case syscall.SIGTERM:
			fmt.Println("got TERM")
			os.Exit(9)
		case syscall.SIGHUP:
			fmt.Println("got HUP")
		case syscall.SIGINT:
			fmt.Println("got INT")
		case syscall.SIGQUIT:
			fmt.Println("got QUIT")
		default:
			for name, of := range otherSignals() {
				if s == of {
					fmt.Println("got " + name)
				}
			}
		}
	}
}
