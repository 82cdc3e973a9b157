using Warren.Cli;

return await CommandLine.RunAsync(args);
