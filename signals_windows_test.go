package keyfob_test

import "os"

func otherSignals() map[string]os.Signal { return nil }
