package attacks

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"keyfob/centertest"
	"keyfob/internal/center/sts/sigv4/sigv4test"
)

// Guessing codes (RFC 8628 section 5.1, RFC 6238 section 5.2, NIST SP 800-63B section 5.2.2; CWE-307).
//
// Who: somebody signed in as themselves who looks for other people's waiting devices; or who has ada's password and
// lacks her second factor; or who has the access key of a service user and lacks its device. What they want: to hit
// a code of few letters or digits. How: they try as fast as they are let, and wait as long as they are told and no
// longer, for a whole day of the center's.
//
// What holds them off (21, 22, 51, 71): wrong codes are counted by who tries and from where, over all sessions, and
// the pauses grow. A recovery code, of 75 bits, is counted as any other. What is counted here is how many codes were looked at, and what the chance to hit one was.
func TestAttackGuessingCodes(t *testing.T) {
	const mfaSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	center := centertest.New(t, centertest.Seed(centertest.ExampleSeed()+`
service_users:
  - account: "000000000042"
    name: ci
    access_keys: [{id: AKIAEXAMPLE000000001, secret_env: CI_SECRET}]
    mfa: {secret_file: mfa.txt}
`), centertest.References(map[string]string{"CI_SECRET": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "mfa.txt": mfaSecret}))
	start := center.URL + "/start"

	// aDay tries for a day. try says whether its guess was looked at, and else for how long it has to wait.
	aDay := func(t *testing.T, try func() (looked bool, wait time.Duration)) (looked int) {
		t.Helper()
		for end := center.Now().Add(24 * time.Hour); center.Now().Before(end); {
			ok, wait := try()
			if ok {
				looked++
			} else {
				center.Advance(max(wait, time.Second))
			}
			if looked > 20_000 {
				t.Fatal("there is no end to it")
			}
		}
		return looked
	}
	digits := func() string {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		must(t, err)
		return fmt.Sprintf("%06d", n)
	}
	wait := func(a answer) time.Duration {
		s, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil || s < 1 {
			t.Errorf("who is held up is not told until when: %q", a.Header.Get("Retry-After"))
		}
		return time.Duration(s) * time.Second
	}

	t.Run("the code of a device", func(t *testing.T) {
		var sessions [8]*browser // one after the other, so that none is held up by itself
		for i := range sessions {
			sessions[i] = newBrowser(t)
		}
		turn := 0
		looked := aDay(t, func() (bool, time.Duration) {
			turn++
			b := sessions[turn%len(sessions)]
			a := b.follow(b.get(center.URL + "/device"))
			if _, _, ok := a.form(url.Values{"user_code": nil}); !ok {
				a = b.signIn(center.URL+"/device", "grace", centertest.Password)
			}
			code := ""
			for range 8 {
				code += string("BCDFGHJKLMNPQRSTVWXZ"[rand.Text()[0]%20])
			}
			a = b.follow(b.submit(a, url.Values{"user_code": {code}}))
			if a.StatusCode == http.StatusTooManyRequests {
				return false, wait(a)
			}
			return true, 0
		})
		const letters, waiting = 20, 1000
		chance := float64(looked) * waiting / (letters * letters * letters * letters * letters * letters * letters * letters)
		t.Logf("%d codes in a day, of which one in %.0f days is that of one of %d devices", looked, 1/chance, waiting)
		if looked < 20 || 1/chance < 20*365 {
			t.Errorf("%d codes were looked at, a chance of %g", looked, chance)
		}
		center.Advance(20 * time.Minute) // and ada connects her own, soon after they have stopped
		her := newBrowser(t)
		a := her.signIn(center.URL+"/device", "ada", centertest.Password)
		p := register(t, center, "keyfob")
		d := p.device()
		a = her.follow(her.submit(a, url.Values{"user_code": {d.UserCode}}))
		her.submit(a, url.Values{"decision": {"approve"}})
		if _, refused := p.poll(d); refused != "" {
			t.Errorf("ada cannot connect her device: %s", refused)
		}
	})
	t.Run("the code of an authenticator app", func(t *testing.T) {
		her := newBrowser(t)
		a := her.signIn(center.URL+"/profile/app", "ada", centertest.Password)
		secret := strings.ReplaceAll(regexp.MustCompile(`<code id="secret">([A-Z2-7 ]+)</code>`).FindStringSubmatch(a.body)[1], " ", "")
		code, err := totp.GenerateCode(secret, center.Now())
		must(t, err)
		a = her.follow(her.submit(a, url.Values{"code": {code}, "name": {"phone"}}))
		recovery := regexp.MustCompile(`[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{5}`).FindString(a.body)
		if recovery == "" {
			t.Fatalf("she has no recovery codes: %s", a.body)
		}
		center.Advance(time.Minute)

		second := func(b *browser, code string) answer {
			a := b.signIn(start, "ada", centertest.Password)
			if _, _, ok := a.form(url.Values{"code": nil}); !ok {
				return a
			}
			return b.follow(b.submit(a, url.Values{"code": {code}}))
		}
		turn := 0
		looked := aDay(t, func() (bool, time.Duration) {
			guess := digits()
			if turn++; turn%4 == 0 { // a recovery code now and then, should those be counted by themselves
				guess = strings.ToLower(rand.Text()[:15])
			}
			a := second(newBrowser(t), guess)
			if a.StatusCode == http.StatusTooManyRequests {
				return false, wait(a)
			}
			if strings.Contains(a.body, "Production") {
				t.Log("a code was hit, which is bad luck")
			}
			return true, 0
		})
		chance := float64(looked) * 3 / 1_000_000 // ten of 2^75 recovery codes add nothing
		t.Logf("%d codes in a day, of which one in %.0f days is right", looked, 1/chance)
		if looked < 10 || 1/chance < 8*365 {
			t.Errorf("%d codes were looked at, a chance of %g", looked, chance)
		}
		center.Advance(20 * time.Minute) // and she gets in, soon after they have stopped
		code, err = totp.GenerateCode(secret, center.Now())
		must(t, err)
		if a := second(newBrowser(t), code); !strings.Contains(a.body, "Production") {
			t.Errorf("ada is kept out: %d", a.StatusCode)
		}
		if a := second(newBrowser(t), recovery); !strings.Contains(a.body, "Production") {
			t.Errorf("ada is kept out with a recovery code: %d", a.StatusCode)
		}
		if a := second(newBrowser(t), recovery); strings.Contains(a.body, "Production") {
			t.Error("whoever has seen her type the recovery code gets in with it too")
		}
	})
	t.Run("the code of a service user's device", func(t *testing.T) {
		b := newBrowser(t)
		session := func(code string) answer {
			req := b.request(http.MethodPost, center.URL+"/", "application/x-www-form-urlencoded", url.Values{
				"Action": {"GetSessionToken"}, "Version": {"2011-06-15"}, "SerialNumber": {"arn:aws:iam::000000000042:mfa/ci"}, "TokenCode": {code},
			}.Encode())
			sigv4test.Signer{
				AccessKeyID: "AKIAEXAMPLE000000001", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Region: center.Region, Service: "sts", At: center.Now(),
			}.Sign(req)
			return b.do(req)
		}
		looked := aDay(t, func() (bool, time.Duration) {
			a := session(digits())
			switch {
			case strings.Contains(a.body, "invalid MFA one time pass code"):
				return true, 0
			case strings.Contains(a.body, "SecretAccessKey"):
				t.Log("a code was hit, which is bad luck")
				return true, 0
			}
			return false, 30 * time.Second
		})
		chance := float64(looked) * 3 / 1_000_000
		t.Logf("%d codes in a day, of which one in %.0f days is right", looked, 1/chance)
		if looked < 10 || 1/chance < 8*365 {
			t.Errorf("%d codes were looked at, a chance of %g", looked, chance)
		}
		center.Advance(20 * time.Minute)
		code, err := center.MFACode(mfaSecret)
		must(t, err)
		if a := session(code); !strings.Contains(a.body, "SecretAccessKey") {
			t.Errorf("the service user is kept out: %s", a.body)
		}
	})
}
