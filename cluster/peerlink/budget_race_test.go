//go:build race

package peerlink

import ()

const raceDetector = true
