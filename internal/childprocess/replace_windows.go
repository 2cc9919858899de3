package childprocess

// Replace runs the program as a child, which is all that Windows has to offer, and returns its exit code.
func (p Program) Replace() (code int, err error) { return p.Run() }
