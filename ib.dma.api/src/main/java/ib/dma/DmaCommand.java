// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A sub-command of the operator's {@code ib:dma}: {@code ib:dma NAME ARGUMENTS…}. A service with
 * the property {@link #NAME}; the command looks it up at each call, so that debug, conformance kit
 * and others plug in without the core knowing them.
 */
@ConsumerType
public interface DmaCommand {
  /** Service property: the word after {@code ib:dma}, e.g. {@code tck}; of several the best. */
  String NAME = "ib.dma.command";

  /**
   * One line for the operator: arguments and purpose, without {@code ib:dma} and the name.
   *
   * @return e.g. {@code DEVICE - runs the conformance kit}
   */
  String usage();

  /**
   * Does it. Called on the thread of a shell; may take its time, but ends by itself.
   *
   * @param arguments what stood after the name
   * @return the answer to print
   * @throws Exception with a message for the operator if the command failed; a script ends with a
   *     non-zero code then
   */
  String run(List<String> arguments) throws Exception;
}
