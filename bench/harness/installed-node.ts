/**
 * How the chart's image starts Node, and the memory it leaves it: three quarters of the limit of 1 GiB. V8 lets a heap grow the more
 * freely the larger it may become, so that a controller without a limit takes more memory for the same work.
 */
export const installedNodeArguments = ['--max-semi-space-size=4', '--max-old-space-size=768', '--disable-warning=ExperimentalWarning']
