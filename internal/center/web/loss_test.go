package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// holdings are one of everything that Ada may hold: each tells whether it is still good for something. Those
// that are good once are told apart, and not asked beforehand.
func (w *world) holdings() (lasting, once map[string]func() bool) {
	w.Helper()
	ada := w.administrator()
	secret := w.app()
	p := w.program("AWS CLI", registered)
	code := func() (*program, wire.Secret) {
		a := ada.submit(ada.get(p.authorizeLink(listening)), "/authorize/decision", "decision", "allow")
		u, err := a.Location()
		if err != nil {
			w.Fatal(err)
		}
		return p, wire.Secret(u.Query().Get("code"))
	}
	_, first := code()
	tokens, err := p.redeem(first.Reveal(), listening)
	if err != nil || tokens.RefreshToken == "" {
		w.Fatal(err)
	}
	_, waiting := code()
	device := w.program("device", registered)
	device.startDevice()
	ada.follow(ada.submit(ada.follow(ada.submit(ada.get(device.CompleteLink), "/device")), "/device/decision", "decision", "approve"))
	keys, change, asked := ada.get(ofReadOnly), ada.get("/admin/groups"), ada.get(p.authorizeLink(listening))
	c := w.credentials()
	token, _ := w.signinToken(http.MethodPost, signinTokenForm(session(c)))
	id := user("ada", "").ID
	link, _, err := w.dir.NewLink(w.Context(), id, store.LinkReset)
	if err != nil {
		w.Fatal(err)
	}
	groups := 1
	half := w.visitor()
	factor := half.signIn(half.get("/start"), "ada")
	if factor.heading() != "One more step" {
		w.Fatalf("there is no half: %q", factor.heading())
	}
	lasting = map[string]func() bool{
		"cookie":       func() bool { return ada.get("/start").heading() == "Your accounts" },
		"access token": func() bool { _, err := w.grants.Tokens.Verify(w.Context(), tokens.AccessToken); return err == nil },
		"form for keys": func() bool {
			return ada.submit(keys, "/keys").StatusCode == http.StatusOK
		},
		"form of the administration": func() bool {
			ada.submit(change, "/admin/change", "do", "add-group", "name", fmt.Sprint("Group ", groups))
			now, err := w.db.Organisation(w.Context(), false)
			if err != nil {
				w.Fatal(err)
			}
			before := groups
			groups = len(now.Groups)
			return groups > before
		},
		"page that asks for consent": func() bool {
			u, err := ada.submit(asked, "/authorize/decision", "decision", "allow").Location()
			return err == nil && u.Query().Has("code")
		},
		"role credentials at /federation": func() bool {
			_, status := w.signinToken(http.MethodPost, signinTokenForm(session(c)))
			return status == http.StatusOK
		},
		"password link, looked at": func() bool { _, _, err := w.dir.Link(w.Context(), link); return err == nil },
		"password": func() bool {
			v := w.visitor()
			return v.submit(v.get("/start"), "/sign-in", "username", "ada", "password", password).StatusCode == http.StatusSeeOther
		},
	}
	once = map[string]func() bool{
		"refresh token": func() bool {
			_, err := w.grants.Exchange(w.Context(), wire.CreateTokenRequest{
				ClientID: p.id, ClientSecret: p.secret, GrantType: wire.GrantRefreshToken, RefreshToken: tokens.RefreshToken,
			})
			return err == nil
		},
		"authorization code":     func() bool { _, err := p.redeem(waiting.Reveal(), listening); return err == nil },
		"device that was let in": func() bool { _, err := device.poll(); return err == nil },
		"sign-in token":          func() bool { return w.visitor().get(loginPath(token)).StatusCode == http.StatusOK },
		"sign-in without its factor": func() bool {
			return half.submit(factor, "/second-factor", "code", w.code(secret)).StatusCode == http.StatusSeeOther && half.cookie("keyfob-session") != ""
		},
		"unused password link": func() bool { return w.dir.UseLink(w.Context(), link, "another password") == nil },
	}
	return lasting, once
}

func TestSecurity39EverythingEndsAtOnce(t *testing.T) {
	id := user("ada", "").ID
	without := func(w *world, change func(*store.Organisation)) error {
		o, err := w.db.Organisation(t.Context(), true)
		if err != nil {
			return err
		}
		change(&o)
		return w.db.Apply(t.Context(), o)
	}
	ends := map[string]func(*world) error{
		"nothing":  nil,
		"disabled": func(w *world) error { return w.db.SetDisabled(t.Context(), id, true, w.clock.Now()) },
		"removed":  func(w *world) error { return w.db.RemoveUser(t.Context(), id) },
		"disabled by the file": func(w *world) error {
			return without(w, func(o *store.Organisation) { o.Users[slices.IndexFunc(o.Users, isAda)].Disabled = true })
		},
		"removed by the file": func(w *world) error {
			return without(w, func(o *store.Organisation) {
				o.Users = slices.DeleteFunc(o.Users, isAda)
				o.Administrators = nil
				o.Assignments = slices.DeleteFunc(o.Assignments, func(a store.AccountAssignment) bool { return a.PrincipalID == id })
			})
		},
	}
	for name, end := range ends {
		t.Run("39 "+name, func(t *testing.T) {
			w := newWorld(t)
			lasting, once := w.holdings()
			for what, good := range lasting {
				if !good() {
					t.Fatalf("the %s is no good to begin with", what)
				}
			}
			if end != nil {
				if err := end(w); err != nil {
					t.Fatal(err)
				}
			}
			for _, all := range []map[string]func() bool{lasting, once} {
				for _, what := range slices.Sorted(maps.Keys(all)) { // the last of them ends the rest
					if good := all[what](); good != (end == nil) {
						t.Errorf("the %s is good: %v", what, good)
					}
				}
			}
		})
	}
}

func isAda(u store.User) bool { return u.ID == user("ada", "").ID }
