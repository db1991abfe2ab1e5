//go:build !race

package problem

const raceDetector = false
