package main

import (
	"os"
	"time"
)

// As in file.h.
const (
	fileBlock  = 4096
	fileBlocks = 4096
	fileReads  = 200_000
	fileWrites = 50_000
)

const inMemory = "/dev/shm"

// createFile returns a file without a name, in a folder or in that of temporary files, whose blocks were just written.
func createFile(folder string) *os.File {
	file, err := os.CreateTemp(folder, "eddy-bench")
	if err != nil {
		panic(err)
	}
	os.Remove(file.Name())
	block := make([]byte, fileBlock)
	for i := 0; i < fileBlocks; i++ {
		if _, err := file.Write(block); err != nil {
			panic(err)
		}
	}
	return file
}

// transfer moves blocks at random offsets, one after the other.
func transfer(row, folder string, move func(file *os.File) func(block []byte, offset int64) (int, error), count int) {
	file, block, state := createFile(folder), make([]byte, fileBlock), uint64(88172645463325252)
	moveBlock := move(file)
	start := time.Now()
	for i := 0; i < count; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		if _, err := moveBlock(block, int64(state%fileBlocks)*fileBlock); err != nil {
			panic(err)
		}
	}
	each(row, time.Since(start), count)
}

func fileRead() {
	transfer("file_read", "", func(file *os.File) func([]byte, int64) (int, error) { return file.ReadAt }, fileReads)
}

func writeAt(file *os.File) func([]byte, int64) (int, error) { return file.WriteAt }

func fileWrite() {
	transfer("file_write", "", writeAt, fileWrites)
}

func fileWriteMemory() {
	transfer("file_write_memory", inMemory, writeAt, fileWrites)
}
