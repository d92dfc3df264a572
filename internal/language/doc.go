// Package language tells of a text in which language it is written, how its writer
// feels, what it is about, what its writer wants, whether a person must take it, how
// soon, and where it holds personal data - without asking anybody else.
//
// A text is folded into tokens (fold.go) and these into hashed features
// (features.go). One table of weights (table.go, model.go) serves the linear models
// of all tasks; what they say is put together in analyze.go, aspect.go (topics, with
// the words that show them), care.go and urgency.go. Package train makes the models
// from the texts in corpus; package evaluate measures them; package fitted keeps what
// workspaces' own ratings add. Phrases finds what rises in a stream of texts, and
// Summarize the few texts that say best what many say.
package language
