import ArgumentParser
import Engine
import Glibc
import Manifest

/// Parses, runs, and turns every way to fail into one line that says what was wrong, one that says what to type
/// next, and an exit code (docs/cli.md).
@main
enum EntryPoint {
  static func main() async {
    // A reader that goes away (`| head`) is no reason to die in the middle of something.
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    var command: any ParsableCommand
    do {
      command = try await JointCloud.asyncParseAsRoot(arguments)
    } catch {
      exit(parsingEnded(error, arguments))
    }
    do {
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      exit(ExitStatus.success.rawValue)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      // A noun without a verb asks for help when it runs.
      let isHelp = !(error is Failure) && JointCloud.exitCode(for: error) == .success
      exit(isHelp ? parsingEnded(error, arguments) : Failure(error).report())
    }
  }

  /// Help, version and completion scripts go to standard output; anything else is a usage error.
  private static func parsingEnded(_ error: any Error, _ arguments: [String]) -> Int32 {
    if JointCloud.exitCode(for: error) == .success {
      Output.data(JointCloud.fullMessage(for: error))
      return ExitStatus.success.rawValue
    }
    if let (typed, meant, noun) = misspelt(arguments) {
      Output.hint("error: \"\(masked(typed))\" is no command\(meant.map { "; did you mean \"\($0)\"?" } ?? "")")
      Output.hint("next: \((["jointcloud"] + noun + ["--help"]).joined(separator: " "))")
      return ExitStatus.usage.rawValue
    }
    let message = JointCloud.message(for: error)
    let full = JointCloud.fullMessage(for: error)
    Output.hint("error: \(message.isEmpty ? "the command is not complete" : masked(message))")
    for line in full.split(separator: "\n") where line.hasPrefix("Usage:") { Output.hint("\(line)") }
    let help = full.firstMatch(of: #/See '(?<command>[^']+)'/#).map { String($0.output.command) }
    Output.hint("next: \(help ?? "jointcloud --help")")
    return ExitStatus.usage.rawValue
  }

  /// Without invitations: they are secrets, and what a terminal shows is kept.
  private static func masked(_ text: String) -> String {
    text.replacing(#/jc1[A-Za-z0-9_-]{16,}/#, with: "jc1...")
  }

  /// The first word that should name a command and does not, the one that is nearest to it, and what stands before it.
  private static func misspelt(_ arguments: [String]) -> (typed: String, meant: String?, noun: [String])? {
    var noun: [String] = []
    var command: any ParsableCommand.Type = JointCloud.self
    for argument in arguments {
      let configuration = command.configuration
      let subcommands = configuration.subcommands + configuration.groupedSubcommands.flatMap { $0.subcommands }
      guard !subcommands.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return nil }
      let named = subcommands.first { ([$0._commandName] + $0.configuration.aliases).contains(argument) }
      guard let named else {
        return (argument, Spelling.nearest(to: argument, among: subcommands.map { $0._commandName }), noun)
      }
      command = named
      noun.append(named._commandName)
    }
    return nil
  }
}
