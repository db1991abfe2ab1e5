package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// CheckStore refuses files of a database's address that others can read: the driver would read them without
// looking. What is not there is the driver's to say.
func CheckStore(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil // whoever opens it says what is wrong, without the password
	}
	query := parsed.Query()
	files := []string{query.Get("sslkey"), os.Getenv("PGSSLKEY")}
	switch passfile := query.Get("passfile"); {
	case passfile != "":
		files = append(files, passfile)
	case os.Getenv("PGPASSFILE") != "":
		files = append(files, os.Getenv("PGPASSFILE"))
	default:
		if home, err := os.UserHomeDir(); err == nil {
			files = append(files, filepath.Join(home, ".pgpass"))
		}
	}
	for _, file := range files {
		if file == "" {
			continue
		}
		if err := CheckFile(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the database's secrets: %w", err)
		}
	}
	return nil
}
