import ArgumentParser

/// `simulate run|list|digest|figures`: whole nodes in a simulated world.
@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Run whole nodes in a simulated world, from a seed.",
    subcommands: [Run.self, List.self, PrintDigest.self, Figures.self])
}
