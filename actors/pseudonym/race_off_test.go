//go:build !race

package pseudonym

const raceDetector = false
