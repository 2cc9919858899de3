package scriptedaws

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"keyfob/internal/wire"
)

// SigninToken is the token for a session's access key. It has what a query must escape.
func SigninToken(accessKeyID string) string {
	sum := sha256.Sum256([]byte(accessKeyID))
	return "signin+" + hex.EncodeToString(sum[:]) + "/="
}

// federation is AWS's endpoint as its user guide describes it: getSigninToken for programs, which answers
// a mistake with a page, and login for browsers.
func (s *Service) federation(w http.ResponseWriter, r *http.Request) {
	refuse := func(text string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "<html><body>%s</body></html>", text)
	}
	if r.ParseForm() != nil {
		refuse("form")
		return
	}
	switch {
	case r.Form.Get("Action") == "login" && r.Method == http.MethodGet:
		s.note("login", r)
		_, _ = fmt.Fprintf(w, "SigninToken %s\nDestination %s\nIssuer %s\n", r.Form.Get("SigninToken"), r.Form.Get("Destination"), r.Form.Get("Issuer"))
	case r.Form.Get("Action") == "getSigninToken":
		var session struct {
			ID    string      `json:"sessionId"`
			Key   wire.Secret `json:"sessionKey"`
			Token wire.Secret `json:"sessionToken"`
		}
		if json.Unmarshal([]byte(r.Form.Get("Session")), &session) != nil || session.Token == "" {
			refuse("session")
			return
		}
		if secret, err := s.Secret(session.ID, session.Token); err != nil || secret != session.Key {
			refuse("credentials")
			return
		}
		s.note("getSigninToken", r)
		_ = json.NewEncoder(w).Encode(map[string]string{"SigninToken": SigninToken(session.ID)})
	default:
		refuse("action")
	}
}

// note keeps a call: the method, the path, and what is in the query, of which secrets are no part.
func (s *Service) note(action string, r *http.Request) {
	query := r.URL.Query()
	query.Del("SigninToken")
	parts := []string{"signin", action, "-", r.Method, r.URL.Path, query.Encode()}
	if d := r.PostForm.Get("SessionDuration"); d != "" {
		parts = append(parts, d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.Join(strings.Fields(strings.Join(parts, " ")), " "))
}
