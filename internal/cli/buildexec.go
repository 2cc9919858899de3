package cli

import (
	"runtime"

	"keyfob/internal/childprocess"
)

// buildExec makes what runs a command with a profile's credentials.
func (a *app) buildExec(command []string) (*execOptions, error) {
	source, err := a.buildSource(&a.global.profile)
	if err != nil {
		return nil, err
	}
	return &execOptions{
		Find: childprocess.Find, Credentials: source.get, Clock: a.sys.Clock,
		Replace: func(path string, argv, environ []string) (int, error) {
			return childprocess.Program{Path: path, Argv: argv, Env: environ}.Replace()
		},
		Command: command, Region: a.ownRegion(), Environ: a.sys.Environ, Fold: runtime.GOOS == "windows",
	}, nil
}

// ownRegion is the region that a profile's credentials are handed over with: --region, the profile's own,
// the environment's. For the AWS CLI the environment comes before the profile; but there it may be what
// another profile was handed over with.
func (a *app) ownRegion() string {
	name, _ := a.config.ActiveProfile(a.global.profile)
	if p, ok := a.config.Profile(name); ok && a.global.region == "" {
		if region, _ := p.Get("region"); region != "" {
			return region
		}
	}
	return a.config.Region(a.global.region, name)
}
