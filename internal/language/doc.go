// Package language will tell of a text in which language it is written, how its
// writer feels, what it is about and what its writer wants, without asking anybody
// else. So far it cuts texts into tokens and turns them into the features that its
// models read; corpus holds the texts from which they learn.
package language
