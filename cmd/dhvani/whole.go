package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeWhole makes a file that is there only once it is whole and on disk, and
// that only this user can read. What is written has a name of its own until then,
// FILE.unfinished-..., which stays where the process is killed; of two that write
// the same file at the same time one is refused.
func writeWhole(path string, force bool, fill func(io.Writer) error) error {
	switch info, err := os.Stat(path); {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is there and is not a file", path)
	case err == nil && !force:
		return errIsThere(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".unfinished-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // unless it was renamed
	if err = fill(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if force {
		err = os.Rename(f.Name(), path)
	} else {
		err = putInPlace(f.Name(), path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// notOver refuses to write a file over one of those that are read, or over a file
// in a folder that is read, under whatever name.
func notOver(out string, read ...string) error {
	o, err := os.Stat(out)
	if err != nil {
		return nil // nothing is there
	}
	for _, name := range read {
		err := filepath.WalkDir(name, func(path string, _ fs.DirEntry, _ error) error {
			if info, err := os.Stat(path); err == nil && os.SameFile(o, info) {
				return fmt.Errorf("%s is one of the files to read: write to another", out)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func errIsThere(path string) error {
	return fmt.Errorf("%s is there already; --force replaces it", path)
}

// putInPlace gives a file another name, which nothing has.
func putInPlace(from, to string) error {
	err := os.Link(from, to) // never replaces
	if errors.Is(err, fs.ErrExist) {
		return errIsThere(to)
	}
	if err == nil {
		return nil
	}
	// A file system without links: an empty file takes the name first.
	claim, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errIsThere(to)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(claim.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}
