package wizard

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
)

// askRegion asks for the region where the start URL does not say it.
func (s *Session) askRegion(ctx context.Context) (asked bool, err error) {
	if _, given := s.Given(FlagRegion); !given {
		region, err := s.regionOfStartURL(ctx)
		if err != nil {
			return false, err
		}
		if region != "" {
			s.sso.Region = region
			s.Say("SSO region: " + region + " (as the start URL says)")
			return false, nil
		}
	}
	f := s.regionField(withCurrent("SSO region", s.sso.Region), s.sso.Region)
	f.Flag, f.Help = FlagRegion, "The region that Identity Center is in: us-east-1"
	unknown := f.Check
	f.Check = func(answer string) error {
		if answer == "" {
			return errRequired
		}
		return unknown(answer)
	}
	region, asked, err := s.field(ctx, f)
	if err == nil {
		s.sso.Region = region
	}
	return asked, err
}

// regionOfStartURL returns the region that the start URL says itself, or leads to.
func (s *Session) regionOfStartURL(ctx context.Context) (string, error) {
	u, err := awsconfig.ParseStartURL(s.sso.StartURL)
	if err != nil {
		return "", err
	}
	switch {
	case u.AWSOwned():
		return u.Region(), nil
	case u.Loopback(), s.OwnEndpoint(s.sso):
		return "", nil
	}
	sso := s.sso
	sso.Region = ""
	resolved, err := s.Resolve(ctx, sso)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, new(*awsconfig.UnknownRegionError)):
		return "", nil // it leads to AWS, which only does not say where
	case err != nil:
		s.Say("Note: the region could not be found out: " + err.Error())
		return "", nil
	}
	s.resolved = &resolved
	return resolved.Region, nil
}

// regionField is a question for a region, the likely ones first. A region that keyfob does not know may
// be one that is newer than it: given twice, it is taken.
func (s *Session) regionField(label, current string) prompt.Field {
	f := prompt.Field{Prompt: label, Default: current}
	likely := append([]string{current, s.sso.Region, s.Config.Region("", "default")}, s.used("sso_region")...)
	for _, r := range slices.Concat(likely, s.used("region"), awsconfig.Regions()) {
		if r != "" && !slices.ContainsFunc(f.Suggest, func(known prompt.Suggestion) bool { return known.Text == r }) {
			f.Suggest = append(f.Suggest, prompt.Suggestion{Text: r})
		}
	}
	doubted := ""
	f.Check = func(answer string) error {
		if answer == "" || answer == current || answer == doubted || slices.Contains(awsconfig.Regions(), answer) {
			return nil
		}
		if _, err := awsconfig.DefaultEndpoint(awsconfig.ServiceSSOOIDC, answer, awsconfig.Variant{}); err != nil {
			return fmt.Errorf("%q is not the name of a region; one is like us-east-1", answer)
		}
		if s.OwnEndpoint(s.sso) || s.isLoopback() {
			return nil // a center of one's own calls its regions as it likes
		}
		doubted = answer
		doubt := fmt.Sprintf("keyfob does not know a region %q", answer)
		if near := awsconfig.NearestRegion(answer); near != "" {
			doubt += "; did you mean " + near + "?"
		}
		return &unsureError{doubt}
	}
	return f
}

// unsureError is an answer that may well be right.
type unsureError struct{ doubt string }

func (e *unsureError) Error() string { return e.doubt + " (give it again to use it all the same)" }

func (s *Session) isLoopback() bool {
	u, err := awsconfig.ParseStartURL(s.sso.StartURL)
	return err == nil && u.Loopback()
}
