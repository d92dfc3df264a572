package ui

import "time"

// Alerts are what the navigation and the bell say of what was noticed.
type Alerts struct {
	Open  int     // troubles that people were told of and that are not mended
	Fresh []Alert // of these and of good news what nobody has taken yet, the newest first
	More  int     // fresh ones that are not in the list
}

// Alert is a line of the bell.
type Alert struct {
	Title, Note, URL string
	At               time.Time
	Mood             Mood
}

func (a Alerts) fresh() int { return len(a.Fresh) + a.More }
