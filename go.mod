module github.com/sockeye-tcp/sockeye

go 1.26.0
