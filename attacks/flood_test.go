package attacks

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/centertest"
)

// A flood of passwords (CWE-400, CWE-770).
//
// Who: somebody with a few hundred connections and no account. What they want: that nobody can sign in, or that the
// center dies. How: each password that is tried costs the center 19 MiB and tens of milliseconds of a core, so they
// try many at once, for different names so that none is slowed down, and long ones.
//
// What holds them off (45, 47): only so many hashes are computed at once, whoever asks; what is too long is not
// hashed; one address that fails too often is refused unread, with the time when it may come again. Whoever is
// signed in notices nothing.
func TestAttackPasswordFlood(t *testing.T) {
	const hashes = 2 // at once: one for each core that the center may use
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(hashes))
	center := centertest.New(t)
	p := register(t, center, "keyfob")
	d := p.device()
	must(t, center.ApproveDevice("ada", d.UserCode))
	tokens, refused := p.poll(d)
	p.must(refused)

	const attackers = 200
	ready := make(chan struct{})
	before := memory(t)
	var mu sync.Mutex
	answers := map[int]int{}
	var all sync.WaitGroup
	for i := range attackers {
		all.Go(func() {
			b := newBrowser(t)
			page := b.follow(b.get(center.URL + "/start"))
			action, fields, ok := page.form(url.Values{"username": nil})
			if !ok {
				t.Errorf("no form to sign in: %d", page.StatusCode)
				return
			}
			fields.Set("username", fmt.Sprint("person", i))
			fields.Set("password", strings.Repeat("x", 1000))
			<-ready
			a := b.post(action, fields)
			mu.Lock()
			answers[a.StatusCode]++
			mu.Unlock()
			if s, _ := strconv.Atoi(a.Header.Get("Retry-After")); a.StatusCode == http.StatusTooManyRequests && s < 1 {
				t.Error("who is refused is not told until when")
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	close(ready)
	var slowest time.Duration
	calls, peak := 0, before
	for working := true; working; {
		select {
		case <-done:
			working = false
		default:
		}
		begun := time.Now()
		if status := p.credentials(tokens.AccessToken); status != http.StatusOK {
			t.Errorf("who is signed in is answered %d meanwhile", status)
		}
		if status := p.get(center.URL + "/healthz").StatusCode; status != http.StatusOK {
			t.Errorf("who asks whether it lives is answered %d meanwhile", status)
		}
		slowest = max(slowest, time.Since(begun))
		calls, peak = calls+1, max(peak, memory(t))
		time.Sleep(2 * time.Millisecond)
	}
	t.Logf("%v; %d calls meanwhile, the slowest in %s; %d MiB more", answers, calls, slowest, (peak-before)>>20)
	if answers[http.StatusForbidden] == 0 || answers[http.StatusTooManyRequests] == 0 || len(answers) != 2 {
		t.Errorf("the flood is answered %v", answers)
	}
	if answers[http.StatusForbidden] > 60 { // 30 of one address, and those on their way at that moment
		t.Errorf("%d passwords of one address were hashed", answers[http.StatusForbidden])
	}
	if slowest > 5*time.Second {
		t.Errorf("who is signed in waits for %s", slowest)
	}
	if grown := (peak - before) >> 20; grown > 19*(hashes+14) { // what 200 connections take is among it
		t.Errorf("it takes %d MiB more; %d hashes at once take %d, all of them %d", grown, hashes, 19*hashes, 19*30)
	}

	// What cannot be a password is not hashed at great length: as quick as any other, however long.
	b := newBrowser(t)
	center.Advance(time.Hour)
	page := b.follow(b.get(center.URL + "/start"))
	action, fields, _ := page.form(url.Values{"username": nil})
	fields.Set("username", "ada")
	for _, length := range []int{1025, 60_000, 5_000_000} {
		fields.Set("password", strings.Repeat("x", length))
		begun := time.Now()
		a := b.post(action, fields)
		if took := time.Since(begun); a.StatusCode/100 != 4 || took > 2*time.Second {
			t.Errorf("a password of %d bytes is answered %d after %s", length, a.StatusCode, took)
		}
	}
	// And she gets in when it is over.
	center.Advance(time.Hour)
	if a := newBrowser(t).signIn(center.URL+"/start", "ada", centertest.Password); !strings.Contains(a.body, "Production") {
		t.Errorf("ada is kept out: %d", a.StatusCode)
	}
}

// memory is how much this process, and with it the center, has in memory, in bytes; 0 where that is not to be
// seen.
func memory(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	must(t, err)
	return n << 10
}
