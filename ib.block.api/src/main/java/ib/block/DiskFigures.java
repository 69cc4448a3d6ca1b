// SPDX-License-Identifier: Apache-2.0
package ib.block;

/**
 * What a remote disk did since it was configured, a snapshot.
 *
 * @param state state of the remote port
 * @param path device and generation of the channel in use, e.g. {@code mthca0 generation 3}; of the
 *     last one while there is none
 * @param target address, port and LUN
 * @param submitted requests accepted
 * @param completed requests completed with {@link BlockStatus#OK}
 * @param failed requests completed with any other status
 * @param completedTwice attempts to complete a request that was complete already; they are refused,
 *     so callers see each once
 * @param inFlight requests sent and not answered
 * @param held requests accepted and not sent
 * @param resent requests sent again, after a path was broken or the target asked for it
 * @param logins successful logins
 * @param loginFailures logins that failed
 * @param fences logins with multi-channel action "single" that had commands of a broken channel to
 *     fence
 * @param mappingFailures data mappings that failed and were tried again
 * @param lastEvent what happened last to the path, in words
 */
public record DiskFigures(
    BlockDeviceState state,
    String path,
    String target,
    long submitted,
    long completed,
    long failed,
    long completedTwice,
    int inFlight,
    int held,
    long resent,
    long logins,
    long loginFailures,
    long fences,
    long mappingFailures,
    String lastEvent) {}
