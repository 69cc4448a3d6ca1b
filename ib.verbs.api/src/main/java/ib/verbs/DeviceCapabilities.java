// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * What a device has beyond the verbs that all have ({@code struct ibv_device_attr}). A limit of 0
 * says that there is none of it: the call is refused with {@link NotSupportedException}.
 *
 * @param maxSrq shared receive queues
 * @param maxSrqWr receives of one
 * @param maxSrqSge scatter-gather elements of one of its receives
 * @param maxMcastGrp multicast groups that queue pairs of the device are attached to
 * @param maxMcastQpAttach queue pairs of one group
 * @param maxMw memory windows
 * @param maxInlineData bytes that a send request may carry in itself
 * @param atomicCap what its atomic operations are atomic to
 * @param deviceCapFlags {@link DeviceCapFlags}
 */
public record DeviceCapabilities(
    int maxSrq,
    int maxSrqWr,
    int maxSrqSge,
    int maxMcastGrp,
    int maxMcastQpAttach,
    int maxMw,
    int maxInlineData,
    AtomicCap atomicCap,
    long deviceCapFlags) {
  /** A device that has none of it. */
  public static final DeviceCapabilities NONE =
      new DeviceCapabilities(0, 0, 0, 0, 0, 0, 0, AtomicCap.NONE, 0);

  /**
   * Queue pairs attached to groups, over all groups.
   *
   * @return product of groups and queue pairs of one
   */
  public int maxTotalMcastQpAttach() {
    return maxMcastGrp * maxMcastQpAttach;
  }
}
