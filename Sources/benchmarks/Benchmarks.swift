import ArgumentParser

@main
struct Benchmarks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measure what JointCloud promises, on this machine.",
    discussion: """
      Nodes run as processes of the shipped command line, on loopback, in a folder that is removed at the end. \
      Build both first: swift build -c release
      """,
    subcommands: [OverlayBenchmark.self, TasksBenchmark.self, LedgerBenchmark.self, MemberCommand.self])
}

/// What every benchmark can be told.
struct CommonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write the figures into this file as one JSON object.", valueName: "file"))
  var json: String?
  @Option(help: "How often everything is measured; the medians of the runs are shown.")
  var runs = 3

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs takes 1 to 100") }
  }
}
