// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Receives that several queue pairs take from, in the order of their messages ({@code struct
 * ibv_srq}). Completions come in the receive queue of the queue pair that took the entry. Posting
 * is done by one thread at a time; everything else is thread-safe.
 *
 * <p>Before a queue pair that uses it is reset or closed, move that to ERR and wait for {@link
 * AsyncEventType#QP_LAST_WQE_REACHED}: what it has taken is completed by then. An entry that it had
 * taken and not completed when it was reset or closed serves another message.
 */
@ProviderType
public interface SharedReceiveQueue extends RdmaResource {
  /**
   * Posts a receive.
   *
   * @param request where to put a message
   * @return never blocks; QUEUE_FULL if {@code maxWr} receives are posted and not completed
   * @throws IllegalArgumentException if there are too many elements
   */
  PostResult postRecv(RecvWr request);

  /**
   * Arms the limit ({@code ibv_modify_srq} with {@code IBV_SRQ_LIMIT}): SRQ_LIMIT_REACHED comes
   * once, when a message takes a receive and fewer than this are left.
   *
   * @param srqLimit 1 to {@code maxWr}, or 0 to disarm
   * @throws RdmaException if it is out of range or the device is gone
   */
  void modify(int srqLimit) throws RdmaException;

  /**
   * Changes the size ({@code ibv_modify_srq} with {@code IBV_SRQ_MAX_WR}), while receives are
   * posted and taken. What is posted stays.
   *
   * @param maxWr receives that may be posted and not completed from now on: at least as many as are
   *     now, and as the armed limit
   * @throws NotSupportedException if the device has no {@link DeviceCapFlags#SRQ_RESIZE}
   * @throws RdmaException if it is out of range or the device is gone; nothing changed then
   */
  void resize(int maxWr) throws RdmaException;

  /**
   * Sizes, and the limit as armed now.
   *
   * @return limit 0 if it is not armed, or was reached
   * @throws RdmaException if the device is gone
   */
  SrqInitAttributes query() throws RdmaException;
}
