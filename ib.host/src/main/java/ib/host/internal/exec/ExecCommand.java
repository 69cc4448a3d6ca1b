// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.exec;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code ./ib exec 'ib:devices; srp:disks'}: waits until what is configured is there, runs the
 * commands, prints their answers.
 */
@Component(service = Function.class, property = "openhca.command=exec")
public final class ExecCommand implements Function<String[], Integer> {
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  private final CommandProcessor shell;
  private final Readiness readiness;

  /** Made by SCR. */
  @Activate
  public ExecCommand(@Reference CommandProcessor shell, @Reference Readiness readiness) {
    this.shell = shell;
    this.readiness = readiness;
  }

  @Override
  public Integer apply(String[] args) {
    List<String> commands = split(String.join(" ", args));
    if (commands.isEmpty()) {
      System.err.println("exec: no command; give e.g. './ib exec \"ib:devices; srp:disks\"'");
      return USAGE;
    }
    for (String missing : readiness.await()) {
      System.err.println("exec: not there: " + missing);
    }
    int result = 0;
    // Not System.out and its like: by now those are the shell's, which hand on to the session what
    // a command prints, and so to themselves.
    CommandSession session =
        shell.createSession(
            new FileInputStream(FileDescriptor.in),
            console(FileDescriptor.out),
            console(FileDescriptor.err));
    try {
      for (String command : commands) {
        if (!execute(session, command)) {
          result = FAILED;
        }
      }
    } finally {
      session.close();
    }
    return result;
  }

  private static PrintStream console(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, Charset.defaultCharset());
  }

  private static boolean execute(CommandSession session, String command) {
    try {
      Object answer = session.execute(command);
      if (answer != null) {
        System.out.println(session.format(answer, Converter.INSPECT));
      }
      return true;
    } catch (Exception e) {
      System.err.println("exec: " + command + ": " + e.getMessage());
      return false;
    }
  }

  /** Cuts at semicolons outside quotes and blocks, so that each command's answer is printed. */
  static List<String> split(String text) {
    List<String> commands = new ArrayList<>();
    StringBuilder current = new StringBuilder();
    int depth = 0;
    char quote = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '{' || c == '(' || c == '[') {
        depth++;
      } else if (c == '}' || c == ')' || c == ']') {
        depth--;
      } else if (c == ';' && depth == 0) {
        add(commands, current);
        continue;
      }
      current.append(c);
    }
    add(commands, current);
    return commands;
  }

  private static void add(List<String> commands, StringBuilder current) {
    String command = current.toString().strip();
    if (!command.isEmpty()) {
      commands.add(command);
    }
    current.setLength(0);
  }
}
