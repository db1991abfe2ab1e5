//go:build race

// Empty: its presence lets start_remote_race.go declare functions without bodies.
