package postgres

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"keyfob/internal/center/store"
)

// instant is a time as the tables keep it: milliseconds since 1970, 0 for "not yet".
type instant struct{ *time.Time }

func at(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Scan implements [database/sql.Scanner].
func (i instant) Scan(v any) error {
	ms, ok := v.(int64)
	if !ok {
		return fmt.Errorf("an instant is an integer, not %T", v)
	}
	if ms == 0 {
		*i.Time = time.Time{}
		return nil
	}
	*i.Time = time.UnixMilli(ms).UTC()
	return nil
}

// duration is a time.Duration as the tables keep it: milliseconds.
type duration struct{ *time.Duration }

// Scan implements [database/sql.Scanner].
func (d duration) Scan(v any) error {
	ms, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a duration is an integer, not %T", v)
	}
	*d.Duration = time.Duration(ms) * time.Millisecond
	return nil
}

// asJSON is a value kept as JSON text.
type asJSON struct{ v any }

// Value implements [driver.Valuer].
func (j asJSON) Value() (driver.Value, error) {
	b, err := json.Marshal(j.v)
	return string(b), err
}

// Scan implements [database/sql.Scanner].
func (j asJSON) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("JSON is text, not %T", v)
	}
	return json.Unmarshal([]byte(s), j.v)
}

// hash is a store.Hash as the tables keep it: 32 bytes.
type hash struct{ *store.Hash }

// Scan implements [database/sql.Scanner].
func (h hash) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(h.Hash) {
		return fmt.Errorf("a hash is %d bytes, not %T", len(h.Hash), v)
	}
	copy(h.Hash[:], b)
	return nil
}

// outside is text from outside as the tables keep it. NUL, and what is no UTF-8, PostgreSQL takes for no text.
type outside struct{ *string }

func raw(s string) []byte { return []byte(s) }

// Scan implements [database/sql.Scanner].
func (o outside) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok {
		return fmt.Errorf("text from outside is bytes, not %T", v)
	}
	*o.string = string(b)
	return nil
}
