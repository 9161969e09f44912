# The last step inside a container's root folder: checks that the program can be run and becomes it.
# Arguments: PATH WORKINGDIR PROGRAM WORD…, where WORD… is the complete command to execute.
path=$1 dir=$2 program=$3
shift 3
refuse() {
  echo "error $1 $2" >&3
  exit "$1"
}
cd "$dir" 2>/dev/null || refuse 128 "chdir to cwd (\"$dir\") set in config.json failed: no such file or directory"
case $program in
  */*)
    [ -e "$program" ] || refuse 127 "exec: \"$program\": stat $program: no such file or directory"
    [ -f "$program" ] && [ -x "$program" ] || refuse 126 "exec: \"$program\": permission denied"
    ;;
  *)
    found=
    IFS=:
    for folder in $path; do
      if [ -f "$folder/$program" ] && [ -x "$folder/$program" ]; then found=yes; break; fi
    done
    unset IFS
    [ -n "$found" ] || refuse 127 "exec: \"$program\": executable file not found in \$PATH"
    ;;
esac
echo ok >&3
exec 3>&- "$@"
