// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.exec;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;

/**
 * The process's own output, for sessions of the shell. Not {@code System.out}: the shell puts a
 * stream there that writes to the output of the session whose command runs; a session whose output
 * is that stream calls itself without end as soon as a command's thread logs to the console.
 */
public final class Descriptors {
  private Descriptors() {}

  /**
   * Standard output.
   *
   * @return a stream that is not to be closed
   */
  public static PrintStream out() {
    return new PrintStream(new FileOutputStream(FileDescriptor.out), true, System.out.charset());
  }

  /**
   * Standard error.
   *
   * @return a stream that is not to be closed
   */
  public static PrintStream err() {
    return new PrintStream(new FileOutputStream(FileDescriptor.err), true, System.err.charset());
  }
}
