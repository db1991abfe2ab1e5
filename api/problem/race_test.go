//go:build race

package problem

const raceDetector = true
