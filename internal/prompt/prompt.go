// Package prompt is the questions a person is asked at a terminal, as data and as models: a line of text
// with completion and validation, and a menu to filter and choose from.
//
// A model takes keys and gives frames, lines of text for a width and height; it draws nothing and reads
// nothing, which the terminal adapter does. The wizards make the questions. It must not know what the
// answers are for.
package prompt

import "errors"

// ErrBack is the answer of somebody who wants the previous question again (Esc).
var ErrBack = errors.New("back to the previous question")

// ErrInterrupted is the answer of somebody who has had enough (Ctrl-C).
var ErrInterrupted = errors.New("interrupted")

// MissingError is a question that nobody is there to answer: the input has ended.
type MissingError struct{ Flag string }

func (e *MissingError) Error() string {
	return e.Flag + " is missing, and there is no terminal to ask for it at"
}

// Field is a question that is answered with a line of text.
type Field struct {
	Prompt  string // all of it: "SSO region [us-east-1]: "
	Help    string // one line: what is wanted, and what a good answer looks like; "" for none
	Flag    string // the flag that answers it too: "--sso-region"
	Default string // what Enter alone answers; "" when that is no answer, or an empty one, as Check says

	// Suggest is what the answer may be completed to, likely ones first.
	Suggest []Suggestion
	// Separator lets every item of a list be completed by itself: "," for scopes; "" for no list.
	Separator string
	// Check says what is wrong with an answer (trimmed, Default already in its place), or nil. It is
	// called when the answer is given; the question is then asked again below the reason.
	Check func(answer string) error
	// Detail is shown below while an answer is typed: what is known about it. It may be nil.
	Detail func(answer string) []string
}

// Suggestion is one completion of a Field.
type Suggestion struct{ Text, Note string }

// Menu is a question that is answered with one of several rows.
type Menu struct {
	Title string // "There are 3 AWS accounts available to you."
	Noun  string // what one row is, for counts and plain prompts: "account"
	Flag  string // the flag that answers it too: "--account-id"
	By    string // what rows are found by, for the hint: "name, e-mail or id"; "" for none
	Rows  []Row
	// Selected is the row where the cursor begins.
	Selected int
}

// Row is one choice. All of it comes from outside: models make it harmless before they show it.
type Row struct {
	Label  string   // as it is shown
	Fields []string // what the filter looks at besides: name, e-mail, id
}
