package main

import (
	"context"
	"time"

	"github.com/hibiken/asynq"
)

// asynqSystem is asynq, with Redis. It has no call for many tasks.
type asynqSystem struct {
	redis  asynq.RedisConnOpt
	client *asynq.Client
}

func (s *asynqSystem) fillBatch() int { return 1 }

func (s *asynqSystem) open(_ context.Context, url string) (err error) {
	s.redis, err = asynq.ParseRedisURI(url)
	if err == nil {
		s.client = asynq.NewClient(s.redis)
	}
	return err
}

func (s *asynqSystem) enqueue(ctx context.Context, n int) error {
	for i := 0; i < n; i++ {
		if _, err := s.client.EnqueueContext(ctx, asynq.NewTask("bench", []byte(payload()))); err != nil {
			return err
		}
	}
	return nil
}

func (s *asynqSystem) start(_ context.Context, concurrency int) (func(), error) {
	server := asynq.NewServer(s.redis, asynq.Config{
		Concurrency:       concurrency,
		TaskCheckInterval: time.Millisecond, // of an empty queue; a second would be its latency
		LogLevel:          asynq.ErrorLevel,
	})
	handler := asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		began(string(task.Payload()))
		return nil
	})
	return server.Shutdown, server.Start(handler)
}
