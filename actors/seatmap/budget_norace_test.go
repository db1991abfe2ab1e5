//go:build !race

package seatmap

const raceDetector = false
