//go:build race

package proofofwork

// raceDetector empties pools by chance.
const raceDetector = true
