// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;

/** What a partition has of an adapter. */
public interface Hypervisor {
  /**
   * A hypercall. On the agent of the port.
   *
   * @param call which
   * @param arguments as {@link Hcall} says
   * @return return code and outputs; never throws for a wrong argument
   */
  HcallResult hcall(Hcall call, long... arguments);

  /**
   * Maps the register page of a resource. On the agent.
   *
   * @param handle of a queue pair, completion queue or event queue
   * @return its page, for any thread
   * @throws IllegalArgumentException if the resource has none
   */
  RegisterPage map(long handle);

  /**
   * Connects the interrupt of the event queue. On the agent.
   *
   * @param interrupt run on the agent, never inside a hypercall
   */
  void connect(Runnable interrupt);

  /** Ends everything: no access to memory begins after this. On the agent. */
  void powerOff();
}
