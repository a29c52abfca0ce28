/* A libeddy of another version: there is nothing of this one's in it. */
extern const char eddy_version_0_0_0[];
const char eddy_version_0_0_0[] = "0.0.0";
