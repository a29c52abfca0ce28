package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

type riverArgs struct {
	Payload string `json:"payload"`
}

func (riverArgs) Kind() string { return "bench" }

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
}

func (*riverWorker) Work(_ context.Context, job *river.Job[riverArgs]) error {
	began(job.Args.Payload)
	return nil
}

// riverSystem is River, with PostgreSQL.
type riverSystem struct {
	pool     *pgxpool.Pool
	inserter *river.Client[pgx.Tx]
}

func (s *riverSystem) fillBatch() int { return 1000 }

func (s *riverSystem) open(ctx context.Context, url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	config.MaxConns = 32
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	driver := riverpgxv5.New(s.pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet()})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err == nil {
		s.inserter, err = river.NewClient(driver, &river.Config{Logger: quiet()})
	}
	return err
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))
}

func (s *riverSystem) enqueue(ctx context.Context, n int) (err error) {
	if n == 1 {
		_, err = s.inserter.Insert(ctx, riverArgs{payload()}, nil)
		return err
	}
	params := make([]river.InsertManyParams, n)
	for i := range params {
		params[i].Args = riverArgs{payload()}
	}
	_, err = s.inserter.InsertManyFast(ctx, params)
	return err
}

func (s *riverSystem) start(ctx context.Context, concurrency int) (func(), error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &riverWorker{})
	client, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: concurrency}},
		Workers:       workers,
		FetchCooldown: time.Millisecond, // its least; 100 ms would be ten fetches a second
		Logger:        quiet(),
	})
	if err != nil {
		return nil, err
	}
	return func() { _ = client.Stop(ctx) }, client.Start(ctx)
}
