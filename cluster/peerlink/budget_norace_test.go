//go:build !race

package peerlink

const raceDetector = false
