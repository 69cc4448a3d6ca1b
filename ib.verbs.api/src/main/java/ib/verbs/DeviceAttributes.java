// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * Limits of a device ({@code struct ibv_device_attr}), enforced by it.
 *
 * @param nodeGuid EUI-64
 * @param portName port it is on
 * @param activeMtuBytes largest path MTU of the port now
 * @param maxQp queue pairs
 * @param maxQpWr outstanding requests of one side of a queue pair
 * @param maxSge elements of a request
 * @param maxCq completion queues
 * @param maxCqe entries of one
 * @param maxMr memory regions
 * @param maxPd protection domains
 * @param maxQpRdAtom READs outstanding as a responder, and as a requester
 * @param maxFastRegPages pages of 4096 bytes of one fast registration
 * @param capabilities what not every device has
 */
public record DeviceAttributes(
    long nodeGuid,
    String portName,
    int activeMtuBytes,
    int maxQp,
    int maxQpWr,
    int maxSge,
    int maxCq,
    int maxCqe,
    int maxMr,
    int maxPd,
    int maxQpRdAtom,
    int maxFastRegPages,
    DeviceCapabilities capabilities) {
  /** A device without optional capabilities; parameters as of the record. */
  public DeviceAttributes(
      long nodeGuid,
      String portName,
      int activeMtuBytes,
      int maxQp,
      int maxQpWr,
      int maxSge,
      int maxCq,
      int maxCqe,
      int maxMr,
      int maxPd,
      int maxQpRdAtom,
      int maxFastRegPages) {
    this(
        nodeGuid,
        portName,
        activeMtuBytes,
        maxQp,
        maxQpWr,
        maxSge,
        maxCq,
        maxCqe,
        maxMr,
        maxPd,
        maxQpRdAtom,
        maxFastRegPages,
        DeviceCapabilities.NONE);
  }
}
