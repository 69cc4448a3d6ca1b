// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.util.List;

/**
 * One candidate for a device name, as operators see it.
 *
 * @param name device name, e.g. {@code mthca0}
 * @param portName port it is on; empty if unknown
 * @param driver symbolic name of the driver's bundle
 * @param driverVersion version of that bundle
 * @param driverBundleId id of that bundle
 * @param attachment number of the attachment, 0 before the first
 * @param generation generation of its latest promotion, 0 if never promoted
 * @param state where it stands
 * @param sharedOps true if its DMA operations are core's shared default ops
 * @param owners what is mapped and open by owner, the driver first; empty while nothing is attached
 * @param zombieThreads names of threads that still hang in calls into the driver
 * @param reasons latest failures and decisions, oldest first, at most 8
 */
public record DeviceStatus(
    String name,
    String portName,
    String driver,
    String driverVersion,
    long driverBundleId,
    long attachment,
    long generation,
    DeviceState state,
    boolean sharedOps,
    List<OwnerUsage> owners,
    List<String> zombieThreads,
    List<String> reasons) {

  /**
   * The same with other owners.
   *
   * @param usage what is mapped and open by owner
   * @return a copy
   */
  public DeviceStatus withOwners(List<OwnerUsage> usage) {
    return new DeviceStatus(
        name,
        portName,
        driver,
        driverVersion,
        driverBundleId,
        attachment,
        generation,
        state,
        sharedOps,
        usage,
        zombieThreads,
        reasons);
  }
}
